import { at, notHeldBy, numberAt, oneOfAKind, quota, type Rule, type ServiceRules, textAt, textsAt, type World } from './rule.ts'

const vpcs = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html'
const detach = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html'
const aclEntries = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html'
const routes = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html'
const nat = 'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html'

const internetAttached: Rule = {
  source: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-eip.html',
  refuse: (_subject, { inventory }) =>
    inventory.of('AWS::EC2::VPCGatewayAttachment').length === 0
      ? 'Network has no attached internet gateway. Declare a dependency on the VPC-gateway attachment.'
      : undefined,
}

const gatewayAttached: Rule = {
  source: routes,
  refuse: ({ properties }, { inventory }) => {
    const gateway = textAt(properties, 'GatewayId')
    if (!gateway.startsWith('igw-')) return undefined
    const attached = inventory
      .of('AWS::EC2::VPCGatewayAttachment')
      .some((one) => textAt(one.properties, 'InternetGatewayId') === gateway)
    return attached
      ? undefined
      : `The gateway ID '${gateway}' does not exist or is not attached to the network of the route table`
  },
}

function networkOf(subnet: string, { inventory }: World): string {
  return textAt(inventory.find('AWS::EC2::Subnet', subnet)?.properties ?? {}, 'VpcId')
}

/** Public addresses in the network: NAT gateways and load balancers that face the internet. */
const noPublicAddresses: Rule = {
  source: detach,
  refuse: ({ properties }, world) => {
    const vpc = textAt(properties, 'VpcId')
    const nats = world.inventory.of('AWS::EC2::NatGateway').map((one) => textAt(one.properties, 'SubnetId'))
    const balancers = world.inventory
      .of('AWS::ElasticLoadBalancingV2::LoadBalancer')
      .filter((one) => textAt(one.properties, 'Scheme') !== 'internal')
      .flatMap((one) => textsAt(one.properties, 'Subnets'))
    return [...nats, ...balancers].some((subnet) => networkOf(subnet, world) === vpc)
      ? `Network ${vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`
      : undefined
  },
}

const attachedOnce = oneOfAKind(
  ['InternetGatewayId'],
  ({ properties }) => `resource ${textAt(properties, 'InternetGatewayId')} is already attached to network`,
  'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html',
)

const addressFree: Rule = {
  source: nat,
  refuse: ({ id, properties }, { inventory }) => {
    const address = textAt(properties, 'AllocationId')
    const other = inventory
      .of('AWS::EC2::NatGateway')
      .find((one) => one.id !== id && textAt(one.properties, 'AllocationId') === address)
    return other && `Elastic IP address [${address}] is already associated`
  },
}

const natQuota: Rule = {
  source: vpcs,
  refuse: ({ properties }, { inventory, quotas }) => {
    const subnet = textAt(properties, 'SubnetId')
    const there = inventory.of('AWS::EC2::NatGateway').filter((one) => textAt(one.properties, 'SubnetId') === subnet)
    return there.length >= quotas.natGatewaysAZone ? 'The maximum number of NAT gateways has been reached.' : undefined
  },
}

const portsOfAcl: Rule = {
  source: aclEntries,
  refuse: ({ properties }) => {
    const number = numberAt(properties, 'RuleNumber') ?? 0
    if (number < 1 || number > 32_766) return `Value (${number}) for parameter ruleNumber is invalid.`
    const needsPorts = ['6', '17'].includes(textAt(properties, 'Protocol'))
    return needsPorts && at(properties, 'PortRange') === undefined ? 'TCP and UDP protocols require a port range' : undefined
  },
}

const association = (what: string) =>
  oneOfAKind(
    ['SubnetId'],
    ({ properties }) => `the specified association for ${what} of subnet ${textAt(properties, 'SubnetId')} already exists`,
    routes,
  )

/** How packets leave a subnet: gateways, routes and network ACLs. */
export const routing: ServiceRules = {
  'AWS::EC2::InternetGateway': {
    replaces: [],
    create: [quota('internetGateways', 'The maximum number of internet gateways has been reached.', vpcs)],
  },
  'AWS::EC2::VPCGatewayAttachment': { replaces: ['VpcId'], create: [attachedOnce], remove: [noPublicAddresses] },
  'AWS::EC2::EIP': {
    replaces: ['Address', 'IpamPoolId', 'NetworkBorderGroup', 'TransferAddress'],
    create: [internetAttached, quota('elasticAddresses', 'The maximum number of addresses has been reached.', vpcs)],
  },
  'AWS::EC2::NatGateway': {
    replaces: ['AllocationId', 'AvailabilityMode', 'ConnectivityType', 'PrivateIpAddress', 'SubnetId', 'VpcId'],
    create: [addressFree, natQuota, internetAttached],
  },
  'AWS::EC2::RouteTable': {
    replaces: ['VpcId'],
    remove: [
      notHeldBy(
        ['AWS::EC2::SubnetRouteTableAssociation'],
        (id) => `The routeTable '${id}' has dependencies and cannot be deleted.`,
        routes,
      ),
    ],
  },
  'AWS::EC2::Route': {
    replaces: ['DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId', 'RouteTableId'],
    valid: [gatewayAttached],
    create: [
      oneOfAKind(
        ['RouteTableId', 'DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId'],
        ({ properties }) => `The route identified by ${textAt(properties, 'DestinationCidrBlock')} already exists.`,
        routes,
      ),
    ],
  },
  'AWS::EC2::SubnetRouteTableAssociation': { replaces: ['RouteTableId', 'SubnetId'], create: [association('route table')] },
  'AWS::EC2::NetworkAcl': {
    replaces: ['VpcId'],
    remove: [
      notHeldBy(
        ['AWS::EC2::SubnetNetworkAclAssociation'],
        (id) => `The networkAcl '${id}' has dependencies and cannot be deleted.`,
        aclEntries,
      ),
    ],
  },
  'AWS::EC2::NetworkAclEntry': {
    replaces: ['Egress', 'NetworkAclId', 'RuleNumber'],
    valid: [portsOfAcl],
    create: [
      oneOfAKind(
        ['NetworkAclId', 'Egress', 'RuleNumber'],
        ({ properties }) => `The network acl entry identified by ${textAt(properties, 'RuleNumber')} already exists.`,
        aclEntries,
      ),
    ],
  },
  'AWS::EC2::SubnetNetworkAclAssociation': { replaces: ['NetworkAclId', 'SubnetId'] },
}
