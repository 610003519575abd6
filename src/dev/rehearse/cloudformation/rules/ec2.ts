import {
  at,
  mapsAt,
  notHeldBy,
  numberAt,
  oneOfAKind,
  quota,
  type Rule,
  type ServiceRules,
  shaped,
  textAt,
  textsAt,
  type World,
} from './rule.ts'

const vpcs = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html'
const deleteGroup = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html'
const deleteSubnet = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html'
const deleteVpc = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html'
const detach = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html'
const groupRules = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html'
const aclEntries = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html'
const routes = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html'
const nat = 'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html'
const endpoints = 'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html'
const flowLogs = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html'

/** What has network interfaces. Lambda's stay until no function uses their subnet and groups any more. */
const withInterfaces = [
  'AWS::EC2::VPCEndpoint',
  'AWS::EC2::NatGateway',
  'AWS::ECS::Service',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::Lambda::Function',
  'AWS::RDS::DBInstance',
]

/** A rule of another group that names this one; its own rules go with it. */
const noRuleNamesIt: Rule = {
  source: deleteGroup,
  refuse: ({ id }, { inventory }) => {
    const holders = ['AWS::EC2::SecurityGroup', 'AWS::EC2::SecurityGroupIngress', 'AWS::EC2::SecurityGroupEgress']
    const rules = holders
      .flatMap((type) => inventory.of(type))
      .filter((one) => one.id !== id && textAt(one.properties, 'GroupId') !== id)
    return rules.some(({ properties }) => JSON.stringify(properties).includes(`"${id}"`))
      ? `resource ${id} has a dependent object`
      : undefined
  },
}

const dependent = (id: string): string => `resource ${id} has a dependent object`

const inGroupLimit: Rule = {
  source: vpcs,
  refuse: ({ properties }, { inventory, quotas }) => {
    const group = textAt(properties, 'GroupId')
    const rules = inventory.of('AWS::EC2::SecurityGroupIngress').filter((one) => textAt(one.properties, 'GroupId') === group)
    return rules.length >= quotas.rulesASecurityGroup
      ? `The maximum number of rules per security group has been reached. (${group})`
      : undefined
  },
}

const sameRule = [
  'GroupId',
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'CidrIpv6',
  'SourceSecurityGroupId',
  'DestinationSecurityGroupId',
  'SourcePrefixListId',
  'DestinationPrefixListId',
]

/** A rule that the group has in itself. */
function notInline(list: 'SecurityGroupIngress' | 'SecurityGroupEgress'): Rule {
  const compared = sameRule.slice(1)
  return {
    source: groupRules,
    refuse: ({ properties }, { inventory }) => {
      const group = inventory.find('AWS::EC2::SecurityGroup', textAt(properties, 'GroupId'))
      if (group === undefined) return `The security group '${textAt(properties, 'GroupId')}' does not exist`
      const same = mapsAt(group.properties, list).some((one) =>
        compared.every((name) => textAt(one, name) === textAt(properties, name)),
      )
      return same ? 'the specified rule already exists' : undefined
    },
  }
}

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

/** Two interface endpoints of a service in one network cannot both answer to its name. */
const oneNameServer: Rule = {
  source: endpoints,
  refuse: ({ id, properties }, { inventory }) => {
    if (textAt(properties, 'PrivateDnsEnabled') !== 'true') return undefined
    const same = (one: { readonly properties: typeof properties }) =>
      ['VpcId', 'ServiceName', 'PrivateDnsEnabled'].every((name) => textAt(one.properties, name) === textAt(properties, name))
    const other = inventory.of('AWS::EC2::VPCEndpoint').find((one) => one.id !== id && same(one))
    return (
      other &&
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${textAt(properties, 'ServiceName')} in the VPC ${textAt(properties, 'VpcId')}`
    )
  },
}

const endpointQuota: Rule = {
  source: 'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html',
  refuse: ({ properties }, { inventory, quotas }) => {
    const vpc = textAt(properties, 'VpcId')
    const others = inventory.of('AWS::EC2::VPCEndpoint').filter((one) => textAt(one.properties, 'VpcId') === vpc)
    return others.length >= quotas.interfaceEndpointsAVpc ? 'The maximum number of VPC endpoints has been reached.' : undefined
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

const cidr = shaped(
  'CidrBlock',
  /^(?:\d{1,3}\.){3}\d{1,3}\/(?:1[6-9]|2[0-8])$/,
  'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html',
)

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function rangeOf(block: string): readonly [from: number, to: number] {
  const [address = '', bits = '32'] = block.split('/')
  const size = 2 ** (32 - Number(bits))
  const from = Math.floor(numberOf(address) / size) * size
  return [from, from + size - 1]
}

const ownAddresses: Rule = {
  source: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html',
  refuse: ({ id, properties }, { inventory }) => {
    const [from, to] = rangeOf(textAt(properties, 'CidrBlock'))
    const other = inventory.of('AWS::EC2::Subnet').find((one) => {
      const [first, last] = rangeOf(textAt(one.properties, 'CidrBlock'))
      return one.id !== id && textAt(one.properties, 'VpcId') === textAt(properties, 'VpcId') && from <= last && first <= to
    })
    return other && `The CIDR '${textAt(properties, 'CidrBlock')}' conflicts with another subnet`
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

const association = (what: string) =>
  oneOfAKind(
    ['SubnetId'],
    ({ properties }) => `the specified association for ${what} of subnet ${textAt(properties, 'SubnetId')} already exists`,
    routes,
  )

/** Subnets and groups have to exist when something is put into them. */
export function placedIn(subnets: string, groups: string, source: string): Rule {
  return {
    source,
    refuse: ({ properties }, { inventory }) => {
      const gone =
        textsAt(properties, subnets).find((id) => inventory.find('AWS::EC2::Subnet', id) === undefined) ??
        textsAt(properties, groups).find((id) => inventory.find('AWS::EC2::SecurityGroup', id) === undefined)
      return gone && `The ${gone.startsWith('sg-') ? 'security group' : 'subnet ID'} '${gone}' does not exist`
    },
  }
}

export const ec2: ServiceRules = {
  'AWS::EC2::VPC': {
    replaces: ['CidrBlock', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength'],
    valid: [cidr],
    create: [quota('vpcs', 'The maximum number of VPCs has been reached.', vpcs)],
    remove: [
      notHeldBy(
        [
          'AWS::EC2::Subnet',
          'AWS::EC2::SecurityGroup',
          'AWS::EC2::VPCEndpoint',
          'AWS::EC2::VPCGatewayAttachment',
          'AWS::EC2::RouteTable',
          'AWS::EC2::NetworkAcl',
        ],
        (id) => `The vpc '${id}' has dependencies and cannot be deleted.`,
        deleteVpc,
      ),
    ],
  },
  'AWS::EC2::Subnet': {
    replaces: [
      'AvailabilityZone',
      'AvailabilityZoneId',
      'CidrBlock',
      'Ipv4IpamPoolId',
      'Ipv4NetmaskLength',
      'Ipv6IpamPoolId',
      'Ipv6Native',
      'Ipv6NetmaskLength',
      'OutpostArn',
      'VpcId',
    ],
    valid: [cidr],
    create: [ownAddresses],
    remove: [notHeldBy(withInterfaces, (id) => `The subnet '${id}' has dependencies and cannot be deleted.`, deleteSubnet)],
  },
  'AWS::EC2::SecurityGroup': {
    name: 'GroupName',
    replaces: ['GroupDescription', 'GroupName', 'VpcId'],
    valid: [
      shaped(
        'GroupDescription',
        /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/,
        'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html',
      ),
    ],
    remove: [notHeldBy(withInterfaces, dependent, deleteGroup), noRuleNamesIt],
  },
  'AWS::EC2::SecurityGroupIngress': {
    replaces: [
      'CidrIp',
      'CidrIpv6',
      'FromPort',
      'GroupId',
      'GroupName',
      'IpProtocol',
      'SourcePrefixListId',
      'SourceSecurityGroupId',
      'SourceSecurityGroupName',
      'SourceSecurityGroupOwnerId',
      'ToPort',
    ],
    create: [
      notInline('SecurityGroupIngress'),
      oneOfAKind(sameRule, () => 'the specified rule already exists', groupRules),
      inGroupLimit,
    ],
  },
  'AWS::EC2::SecurityGroupEgress': {
    replaces: [
      'CidrIp',
      'CidrIpv6',
      'DestinationPrefixListId',
      'DestinationSecurityGroupId',
      'FromPort',
      'GroupId',
      'IpProtocol',
      'ToPort',
    ],
    create: [notInline('SecurityGroupEgress'), oneOfAKind(sameRule, () => 'the specified rule already exists', groupRules)],
  },
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
  'AWS::EC2::VPCEndpoint': {
    replaces: [
      'DnsOptions.PrivateDnsPreference',
      'DnsOptions.PrivateDnsSpecifiedDomains',
      'ResourceConfigurationArn',
      'ServiceName',
      'ServiceNetworkArn',
      'ServiceRegion',
      'VpcEndpointType',
      'VpcId',
    ],
    valid: [oneNameServer, placedIn('SubnetIds', 'SecurityGroupIds', endpoints)],
    create: [endpointQuota],
  },
  'AWS::EC2::FlowLog': {
    replaces: [
      'DeliverCrossAccountRole',
      'DeliverLogsPermissionArn',
      'DestinationOptions',
      'LogDestination',
      'LogDestinationType',
      'LogFormat',
      'LogGroupName',
      'MaxAggregationInterval',
      'ResourceId',
      'ResourceType',
      'TrafficType',
    ],
    create: [
      oneOfAKind(
        ['ResourceId', 'TrafficType', 'LogDestinationType', 'LogDestination', 'LogGroupName'],
        () => 'There is an existing Flow Log with the same configuration and log destination.',
        flowLogs,
      ),
    ],
  },
  'AWS::EC2::PrefixList': { replaces: [] },
}
