import type { RefusalCase } from './refusal-case.ts'

const vpc = 'AWS::EC2::VPC'
const subnet = 'AWS::EC2::Subnet'
const group = 'AWS::EC2::SecurityGroup'
const ingress = 'AWS::EC2::SecurityGroupIngress'
const egress = 'AWS::EC2::SecurityGroupEgress'
const endpoint = 'AWS::EC2::VPCEndpoint'
const attached = ['AWS::EC2::VPCGatewayAttachment', 'attachment', { InternetGatewayId: 'igw-1' }] as const
const rule = { GroupId: 'sg-1', IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }
const inline = { IpProtocol: 'tcp', FromPort: '443', ToPort: '443', CidrIp: '0.0.0.0/0' }
const named = { VpcId: 'vpc-1', ServiceName: 'com.amazonaws.ap-northeast-2.sqs', PrivateDnsEnabled: true }

export const network: readonly RefusalCase[] = [
  { what: 'a network of a /8', type: vpc, properties: { CidrBlock: '10.0.0.0/8' }, says: /CidrBlock/ },
  { what: 'a sixth network', type: vpc, quotas: { vpcs: 1 }, existing: [[vpc, 'vpc-1']], says: /maximum number of VPCs/ },
  {
    what: 'a network with a subnet',
    type: vpc,
    when: 'deleted',
    existing: [[subnet, 'subnet-1', { VpcId: 'it' }]],
    says: /has dependencies/,
  },
  { what: 'a subnet of a /8', type: subnet, properties: { CidrBlock: '10.0.0.0/8' }, says: /CidrBlock/ },
  {
    what: 'a subnet over another one',
    type: subnet,
    properties: { VpcId: 'vpc-1', CidrBlock: '10.0.8.0/24' },
    existing: [[subnet, 'subnet-1', { VpcId: 'vpc-1', CidrBlock: '10.0.0.0/20' }]],
    says: /conflicts with another subnet/,
  },
  {
    what: 'a subnet in which a function has an interface',
    type: subnet,
    when: 'deleted',
    existing: [['AWS::Lambda::Function', 'worker', { VpcConfig: { SubnetIds: ['it'] } }]],
    says: /has dependencies and cannot be deleted/,
  },
  {
    what: 'a subnet in which a database stands',
    type: subnet,
    when: 'deleted',
    existing: [
      ['AWS::RDS::DBSubnetGroup', 'group', { SubnetIds: ['it'] }],
      ['AWS::RDS::DBInstance', 'database', { DBSubnetGroupName: 'group' }],
    ],
    says: /has dependencies and cannot be deleted/,
  },
  {
    what: 'a security group with an apostrophe',
    type: group,
    properties: { GroupDescription: "carriers' database" },
    says: /GroupDescription/,
  },
  {
    what: 'a security group of a function',
    type: group,
    when: 'deleted',
    existing: [['AWS::Lambda::Function', 'worker', { VpcConfig: { SecurityGroupIds: ['it'] } }]],
    says: /has a dependent object/,
  },
  {
    what: 'a security group that another one names',
    type: group,
    when: 'deleted',
    existing: [[ingress, 'other', { GroupId: 'sg-1', SourceSecurityGroupId: 'it' }]],
    says: /has a dependent object/,
  },
  {
    what: 'a way in that the group has itself',
    type: ingress,
    properties: rule,
    existing: [[group, 'sg-1', { SecurityGroupIngress: [inline] }]],
    says: /already exists/,
  },
  { what: 'a way in of no group', type: ingress, properties: rule, says: /security group 'sg-1' does not exist/ },
  {
    what: 'the same way in twice',
    type: ingress,
    properties: rule,
    existing: [
      [group, 'sg-1'],
      [ingress, 'other', rule],
    ],
    says: /already exists/,
  },
  {
    what: 'more ways in than the quota',
    type: ingress,
    properties: rule,
    quotas: { rulesASecurityGroup: 1 },
    existing: [
      [group, 'sg-1'],
      [ingress, 'other', { ...rule, FromPort: 80 }],
    ],
    says: /maximum number of rules/,
  },
  {
    what: 'a way out that the group has itself',
    type: egress,
    properties: rule,
    existing: [[group, 'sg-1', { SecurityGroupEgress: [inline] }]],
    says: /already exists/,
  },
  {
    what: 'the same way out twice',
    type: egress,
    properties: rule,
    existing: [
      [group, 'sg-1'],
      [egress, 'other', rule],
    ],
    says: /already exists/,
  },
  {
    what: 'a sixth internet gateway',
    type: 'AWS::EC2::InternetGateway',
    quotas: { internetGateways: 1 },
    existing: [['AWS::EC2::InternetGateway', 'igw-1']],
    says: /maximum number of internet gateways/,
  },
  {
    what: 'an internet gateway under a load balancer',
    type: 'AWS::EC2::VPCGatewayAttachment',
    when: 'deleted',
    properties: { VpcId: 'vpc-1' },
    existing: [
      [subnet, 'subnet-1', { VpcId: 'vpc-1' }],
      ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'balancer', { Scheme: 'internet-facing', Subnets: ['subnet-1'] }],
    ],
    says: /mapped public address/,
  },
  {
    what: 'an internet gateway of another network',
    type: 'AWS::EC2::VPCGatewayAttachment',
    properties: { VpcId: 'vpc-2', InternetGatewayId: 'igw-1' },
    existing: [attached],
    says: /already attached/,
  },
  { what: 'an address before the internet gateway', type: 'AWS::EC2::EIP', says: /no attached internet gateway/ },
  {
    what: 'a sixth address',
    type: 'AWS::EC2::EIP',
    quotas: { elasticAddresses: 1 },
    existing: [attached, ['AWS::EC2::EIP', '203.0.113.1']],
    says: /maximum number of addresses/,
  },
  { what: 'a NAT gateway before the internet gateway', type: 'AWS::EC2::NatGateway', says: /no attached internet gateway/ },
  {
    what: 'a NAT gateway with the address of another one',
    type: 'AWS::EC2::NatGateway',
    properties: { AllocationId: 'eipalloc-1' },
    existing: [attached, ['AWS::EC2::NatGateway', 'nat-1', { AllocationId: 'eipalloc-1' }]],
    says: /already associated/,
  },
  {
    what: 'a sixth NAT gateway in a subnet',
    type: 'AWS::EC2::NatGateway',
    properties: { AllocationId: 'eipalloc-1', SubnetId: 'subnet-1' },
    quotas: { natGatewaysAZone: 1 },
    existing: [attached, ['AWS::EC2::NatGateway', 'nat-1', { AllocationId: 'eipalloc-2', SubnetId: 'subnet-1' }]],
    says: /maximum number of NAT gateways/,
  },
  {
    what: 'a route table of a subnet',
    type: 'AWS::EC2::RouteTable',
    when: 'deleted',
    existing: [['AWS::EC2::SubnetRouteTableAssociation', 'other', { RouteTableId: 'it' }]],
    says: /has dependencies/,
  },
  {
    what: 'a route to a gateway that is not attached',
    type: 'AWS::EC2::Route',
    properties: { GatewayId: 'igw-2' },
    existing: [attached],
    says: /not attached/,
  },
  {
    what: 'two routes to the same addresses',
    type: 'AWS::EC2::Route',
    properties: { RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1' },
    existing: [['AWS::EC2::Route', 'other', { RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }]],
    says: /0\.0\.0\.0\/0 already exists/,
  },
  {
    what: 'a second route table of a subnet',
    type: 'AWS::EC2::SubnetRouteTableAssociation',
    properties: { SubnetId: 'subnet-1', RouteTableId: 'rtb-2' },
    existing: [['AWS::EC2::SubnetRouteTableAssociation', 'other', { SubnetId: 'subnet-1', RouteTableId: 'rtb-1' }]],
    says: /already exists/,
  },
  {
    what: 'a network ACL of a subnet',
    type: 'AWS::EC2::NetworkAcl',
    when: 'deleted',
    existing: [['AWS::EC2::SubnetNetworkAclAssociation', 'other', { NetworkAclId: 'it' }]],
    says: /has dependencies/,
  },
  {
    what: 'an ACL entry for TCP without ports',
    type: 'AWS::EC2::NetworkAclEntry',
    properties: { RuleNumber: 100, Protocol: 6 },
    says: /port range/,
  },
  {
    what: 'two ACL entries with a number',
    type: 'AWS::EC2::NetworkAclEntry',
    properties: { NetworkAclId: 'acl-1', Egress: false, RuleNumber: 100, Protocol: -1 },
    existing: [['AWS::EC2::NetworkAclEntry', 'other', { NetworkAclId: 'acl-1', Egress: false, RuleNumber: '100' }]],
    says: /identified by 100 already exists/,
  },
  {
    what: 'a second endpoint for a name',
    type: endpoint,
    properties: named,
    existing: [[endpoint, 'vpce-1', named]],
    says: /conflicting DNS domain/,
  },
  {
    what: 'an endpoint in no subnet',
    type: endpoint,
    properties: { SubnetIds: ['subnet-1'] },
    says: /subnet ID 'subnet-1' does not exist/,
  },
  {
    what: 'more endpoints than the quota',
    type: endpoint,
    properties: { VpcId: 'vpc-1' },
    quotas: { interfaceEndpointsAVpc: 1 },
    existing: [[endpoint, 'vpce-1', { VpcId: 'vpc-1' }]],
    says: /maximum number of VPC endpoints/,
  },
  {
    what: 'the same flow log twice',
    type: 'AWS::EC2::FlowLog',
    properties: { ResourceId: 'vpc-1', TrafficType: 'ALL', LogGroupName: 'flow' },
    existing: [['AWS::EC2::FlowLog', 'fl-1', { ResourceId: 'vpc-1', TrafficType: 'ALL', LogGroupName: 'flow' }]],
    says: /existing Flow Log/,
  },
]
