import { entersSubnet, leavesSubnet } from './acls.ts'
import { type Block, overlaps, prefixLength } from './block.ts'
import type { Interfaces, Network, Subnet } from './model.ts'
import { pages } from './pages.ts'
import { letsIn, letsOut } from './security-groups.ts'
import type { Connection, Spot, Way } from './spot.ts'
import { pass, refuse, type Verdict } from './verdict.ts'

/** Every VPC routes its own addresses, unless a route for a part of them leads elsewhere. */
function routed(spot: Spot, target: Subnet, block: Block): Verdict {
  const { routes, vpc } = spot.subnet
  if (target.vpc.id !== vpc.id) {
    const text = `${target.name} is in another VPC (${target.vpc.name}). Connections between VPCs are not followed.`
    return refuse(routes.name, `route table ${routes.name}`, text, pages.routes)
  }
  const least = Math.min(...vpc.blocks.map(prefixLength))
  const other = routes.routes.find(({ destination }) => overlaps(destination, block) && prefixLength(destination) >= least)
  if (other === undefined) return pass(routes.name, 'route local')
  const text = `The route takes ${other.destination.text} out of the VPC, to ${other.target.id}, which is not followed.`
  return refuse(other.name, `route ${other.name}`, text, pages.routes)
}

/** Traffic inside a subnet passes no ACL (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html). */
function acls({ subnet: from, answers }: Spot, to: Subnet, block: Block, asked: Connection): Verdict[] {
  if (from.id === to.id) return []
  const [out, back] = leavesSubnet(from, block, { ...asked, answers })
  const [into, answered] = entersSubnet(to, from.block, { ...asked, answers })
  return [out, into, answered, back]
}

function between(network: Network, spot: Spot, to: Interfaces, subnet: Subnet, block: Block, asked: Connection): Verdict[] {
  return [
    letsOut(network, spot.source, { block, groups: to.groups }, asked),
    pass(spot.subnet.name, `subnet ${spot.subnet.name}`),
    routed(spot, subnet, block),
    ...acls(spot, subnet, block, asked),
    pass(subnet.name, `subnet ${subnet.name}`),
    letsIn(network, to, { block: spot.subnet.block, groups: spot.source.groups }, asked),
  ]
}

/**
 * The ways to something in the VPC, one for each subnet in which it may be. Each of them has to be open: which one a connection
 * takes, DNS and failovers decide. The first is in the source's zone, if one is.
 * @param block the addresses, where they are fewer than those of the subnet
 */
export function waysInside(network: Network, spot: Spot, to: Interfaces, asked: Connection, block?: Block): Way[] {
  const near = (id: string) => (network.subnets.get(id)?.zone === spot.subnet.zone ? 0 : 1)
  const ids = [...to.subnets].sort((one, other) => near(one) - near(other))
  const none = refuse(to.name, to.name, `${to.name} is in no subnet of the templates.`, pages.routes)
  if (ids.length === 0) return [{ via: { kind: 'vpc' }, verdicts: [none] }]
  return ids.map((id): Way => {
    const subnet = network.subnets.get(id)
    const verdicts = subnet === undefined ? [none] : between(network, spot, to, subnet, block ?? subnet.block, asked)
    return { via: { kind: 'vpc' }, verdicts }
  })
}
