import { blockOf } from './block.ts'
import type { InternetGateway, NatGateway, PrefixList, Route, RouteTable, RouteTarget } from './model.ts'
import { type NetworkResource, nameOf, ofType, textIn } from './resource.ts'

export function internetGatewaysOf(resources: readonly NetworkResource[]): ReadonlyMap<string, InternetGateway> {
  const attachments = ofType(resources, 'AWS::EC2::VPCGatewayAttachment')
  return new Map(
    ofType(resources, 'AWS::EC2::InternetGateway').map((gateway) => [
      gateway.physicalId,
      {
        id: gateway.physicalId,
        name: nameOf(gateway),
        vpcs: attachments
          .filter(({ properties }) => textIn(properties, 'InternetGatewayId') === gateway.physicalId)
          .flatMap(({ properties }) => textIn(properties, 'VpcId') ?? []),
      },
    ]),
  )
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html */
export function natGatewaysOf(resources: readonly NetworkResource[]): ReadonlyMap<string, NatGateway> {
  return new Map(
    ofType(resources, 'AWS::EC2::NatGateway').map((gateway) => [
      gateway.physicalId,
      {
        id: gateway.physicalId,
        name: nameOf(gateway),
        subnet: textIn(gateway.properties, 'SubnetId') ?? '',
        isPublic: (textIn(gateway.properties, 'ConnectivityType') ?? 'public') === 'public',
        hasAddress: textIn(gateway.properties, 'AllocationId') !== undefined,
      },
    ]),
  )
}

const otherTargets = [
  'CarrierGatewayId',
  'CoreNetworkArn',
  'EgressOnlyInternetGatewayId',
  'InstanceId',
  'LocalGatewayId',
  'NetworkInterfaceId',
  'TransitGatewayId',
  'VpcEndpointId',
  'VpcPeeringConnectionId',
]

function targetOf({ properties }: NetworkResource, internetGateways: ReadonlyMap<string, InternetGateway>): RouteTarget {
  const nat = textIn(properties, 'NatGatewayId')
  if (nat !== undefined) return { kind: 'nat-gateway', id: nat }
  const gateway = textIn(properties, 'GatewayId')
  if (gateway !== undefined) return { kind: internetGateways.has(gateway) ? 'internet-gateway' : 'other', id: gateway }
  return { kind: 'other', id: otherTargets.flatMap((name) => textIn(properties, name) ?? [])[0] ?? 'an unknown target' }
}

function routesOf(
  route: NetworkResource,
  internetGateways: ReadonlyMap<string, InternetGateway>,
  prefixLists: ReadonlyMap<string, PrefixList>,
): Route[] {
  // Written out, it is what every table has anyway.
  if (textIn(route.properties, 'GatewayId') === 'local') return []
  const name = nameOf(route)
  const target = targetOf(route, internetGateways)
  const range = textIn(route.properties, 'DestinationCidrBlock')
  if (range !== undefined) return [{ name, target, destination: blockOf(range, `${name}, DestinationCidrBlock`) }]
  const list = prefixLists.get(textIn(route.properties, 'DestinationPrefixListId') ?? '')
  return list !== undefined && 'blocks' in list ? list.blocks.map((destination) => ({ name, target, destination })) : []
}

/**
 * Finds the route table of a subnet. One without an association has the main route table of its VPC, in which a template can put
 * no route (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html).
 */
export function routeTableFinder(
  resources: readonly NetworkResource[],
  internetGateways: ReadonlyMap<string, InternetGateway>,
  prefixLists: ReadonlyMap<string, PrefixList>,
): (subnet: string, vpc: string) => RouteTable {
  const routes = Map.groupBy(ofType(resources, 'AWS::EC2::Route'), ({ properties }) => textIn(properties, 'RouteTableId') ?? '')
  const tables = new Map(
    ofType(resources, 'AWS::EC2::RouteTable').map((table): [string, RouteTable] => [
      table.physicalId,
      {
        id: table.physicalId,
        name: nameOf(table),
        routes: (routes.get(table.physicalId) ?? []).flatMap((route) => routesOf(route, internetGateways, prefixLists)),
      },
    ]),
  )
  const associated = new Map(
    ofType(resources, 'AWS::EC2::SubnetRouteTableAssociation').map(({ properties }) => [
      textIn(properties, 'SubnetId'),
      textIn(properties, 'RouteTableId') ?? '',
    ]),
  )
  return (subnet, vpc) => {
    const id = associated.get(subnet)
    if (id === undefined) return { id: `main of ${vpc}`, name: `main route table of ${vpc}`, routes: [] }
    return tables.get(id) ?? { id, name: id, routes: [] }
  }
}
