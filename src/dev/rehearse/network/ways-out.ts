import { type Crossing, entersSubnet, leavesSubnet } from './acls.ts'
import { covers, internet, overlaps, prefixLength } from './block.ts'
import type { NatGateway, Network, Route, Subnet } from './model.ts'
import { pages } from './pages.ts'
import { answerPorts } from './ports.ts'
import { letsOut } from './security-groups.ts'
import type { Connection, Spot, Way } from './spot.ts'
import { pass, refuse, type Verdict } from './verdict.ts'

/** The route that public addresses take. The most specific one wins, so one for a part of them makes the rest uncertain. */
function publicRoute({ routes: { routes } }: Subnet): Route | undefined {
  return routes
    .filter(({ destination }) => overlaps(destination, internet))
    .toSorted((one, other) => prefixLength(other.destination) - prefixLength(one.destination))[0]
}

/** Whether a subnet is public: its route leads to an internet gateway that is attached to its VPC. */
export function internetGatewayVerdict(network: Network, subnet: Subnet): Verdict {
  const route = publicRoute(subnet)
  const gateway = network.internetGateways.get(route?.target.id ?? '')
  const hop = `route table ${subnet.routes.name}`
  if (route === undefined || gateway === undefined || !covers(route.destination, internet)) {
    const text = `The route table of ${subnet.name} has no route for the internet to an internet gateway.`
    return refuse(subnet.routes.name, hop, text, pages.internetGateway)
  }
  if (!gateway.vpcs.includes(subnet.vpc.id)) {
    const text = `The internet gateway is not attached to ${subnet.vpc.name}.`
    return refuse(gateway.name, `internet gateway ${gateway.name}`, text, pages.internetGateway)
  }
  return pass(gateway.name, `internet gateway ${gateway.name}`)
}

function noAddress({ source, subnet }: Spot, isFunction: boolean): Verdict {
  const text = isFunction
    ? `${source.name} has no public address: a function in a VPC never has one. It needs a subnet with a route to a NAT gateway.`
    : `${source.name} has no public address, and the route of ${subnet.name} leads to an internet gateway.`
  return refuse(source.name, source.name, text, isFunction ? pages.functionAndInternet : pages.internetGateway)
}

function direct(network: Network, spot: Spot, crossing: Crossing): Way {
  const isFunction = network.workloads.get(spot.source.id)?.kind === 'function'
  return {
    via: { kind: 'internet' },
    verdicts: [
      spot.hasPublicAddress ? pass(spot.subnet.name, `subnet ${spot.subnet.name}`) : noAddress(spot, isFunction),
      internetGatewayVerdict(network, spot.subnet),
      ...leavesSubnet(spot.subnet, internet, crossing),
    ],
  }
}

function natVerdict(network: Network, nat: NatGateway, spot: Spot, subnet: Subnet, service: string | undefined): Verdict {
  const hop = `nat gateway ${nat.name}`
  if (!nat.isPublic || !nat.hasAddress) {
    return refuse(nat.name, hop, `${nat.name} has no Elastic IP address, so it does not reach the internet.`, pages.nat)
  }
  const endpoint = [...network.endpoints.values()].find(
    (one) => one.kind === 'gateway' && one.service === service && one.routeTables.includes(subnet.routes.id),
  )
  if (endpoint !== undefined) {
    const text = `${endpoint.name} is in the route table of ${nat.name}, and a NAT gateway cannot send to an endpoint.`
    return refuse(endpoint.name, hop, `${text} Associate the endpoint with ${spot.subnet.routes.name}.`, pages.nat)
  }
  const crosses = subnet.zone !== spot.subnet.zone
  return pass(nat.name, hop, crosses ? `${spot.subnet.name} depends on ${nat.name} in the zone ${subnet.zone}.` : undefined)
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html */
function byNat(network: Network, spot: Spot, nat: NatGateway, crossing: Crossing, service: string | undefined): Way {
  const via = { kind: 'nat' } as const
  const subnet = network.subnets.get(nat.subnet)
  if (subnet === undefined) {
    const text = `${nat.name} is in no subnet of the templates.`
    return { via, verdicts: [refuse(nat.name, `nat gateway ${nat.name}`, text, pages.nat)] }
  }
  return {
    via,
    verdicts: [
      pass(spot.subnet.name, `subnet ${spot.subnet.name}`),
      ...leavesSubnet(spot.subnet, internet, crossing),
      // A NAT gateway has no security group; the ACL of its subnet sees the packets of both sides.
      ...entersSubnet(subnet, spot.subnet.block, crossing),
      natVerdict(network, nat, spot, subnet, service),
      internetGatewayVerdict(network, subnet),
      ...leavesSubnet(subnet, internet, { ...crossing, answers: answerPorts.nat }),
    ],
  }
}

function refusedRoute({ subnet }: Spot, route: Route | undefined): Way {
  const hop = `route table ${subnet.routes.name}`
  const text =
    route === undefined
      ? `The route table of ${subnet.name} has no route to the internet.`
      : `The route for ${route.destination.text} leads to ${route.target.id}, which is not followed.`
  return { via: { kind: 'internet' }, verdicts: [refuse(route?.name ?? subnet.routes.name, hop, text, pages.routes)] }
}

/**
 * The way to a public address.
 * @param service the AWS service that has it
 */
export function wayOut(network: Network, spot: Spot, asked: Connection, service?: string): Way {
  const route = publicRoute(spot.subnet)
  const crossing = { ...asked, answers: spot.answers }
  const nat = network.natGateways.get(route?.target.id ?? '')
  const way =
    route === undefined || !covers(route.destination, internet)
      ? refusedRoute(spot, route)
      : nat !== undefined
        ? byNat(network, spot, nat, crossing, service)
        : route.target.kind === 'internet-gateway'
          ? direct(network, spot, crossing)
          : refusedRoute(spot, route)
  return { ...way, verdicts: [letsOut(network, spot.source, { block: internet, groups: [], service }, asked), ...way.verdicts] }
}
