const guide = 'https://docs.aws.amazon.com/vpc/latest/userguide'
const privateLink = 'https://docs.aws.amazon.com/vpc/latest/privatelink'

/** The page of AWS that each refusal cites. */
export const pages = {
  acl: `${guide}/nacl-rules.html`,
  answers: `${guide}/nacl-ephemeral-ports.html`,
  securityGroup: `${guide}/security-group-rules.html`,
  routes: `${guide}/route-tables-priority.html`,
  internetGateway: `${guide}/VPC_Internet_Gateway.html`,
  nat: `${guide}/nat-gateway-basics.html`,
  dns: `${guide}/AmazonDNS-concepts.html`,
  privateDns: `${privateLink}/create-interface-endpoint.html`,
  gatewayEndpoint: `${privateLink}/gateway-endpoints.html`,
  gatewayDns: `${privateLink}/vpc-endpoints-s3.html`,
  functionInVpc: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html',
  functionAndInternet: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html',
  taskAddress: 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html',
  balancer: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html',
  database: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html',
  cache: 'https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/elasticache-vpc-accessing.html',
} as const
