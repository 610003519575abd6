import { placedIn, withInterfaces } from './interfaces.ts'
import { notHeldBy, oneOfAKind, quota, type Rule, type ServiceRules, shaped, textAt, textsAt } from './rule.ts'

const vpcs = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html'
const deleteSubnet = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html'
const deleteVpc = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html'
const endpoints = 'https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html'
const flowLogs = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html'

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

/** A database stands in the subnets of its group. */
const noDatabaseInIt: Rule = {
  source: deleteSubnet,
  refuse: ({ id }, { inventory }) => {
    const kinds = [
      ['AWS::RDS::DBSubnetGroup', 'AWS::RDS::DBInstance', 'DBSubnetGroupName'],
      ['AWS::ElastiCache::SubnetGroup', 'AWS::ElastiCache::ReplicationGroup', 'CacheSubnetGroupName'],
    ] as const
    const used = kinds.some(([group, type, property]) => {
      const groups = new Set(
        inventory
          .of(group)
          .filter((one) => textsAt(one.properties, 'SubnetIds').includes(id))
          .map((one) => one.id),
      )
      return inventory.of(type).some((one) => groups.has(textAt(one.properties, property)))
    })
    return used ? `The subnet '${id}' has dependencies and cannot be deleted.` : undefined
  },
}

/** A network, its subnets and endpoints. */
export const vpc: ServiceRules = {
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
    remove: [
      noDatabaseInIt,
      notHeldBy(withInterfaces, (id) => `The subnet '${id}' has dependencies and cannot be deleted.`, deleteSubnet),
    ],
  },
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
