import { type Block, covers, overlaps } from './block.ts'
import type { Acl, AclEntry, Protocol, Subnet } from './model.ts'
import { pages } from './pages.ts'
import { common, countOf, type Ports, portsText, without } from './ports.ts'
import { pass, refuse, type Verdict } from './verdict.ts'

/** Packets that pass an ACL in one direction. */
interface Packets {
  readonly direction: 'in' | 'out'
  /** The other side: where they come from, or go to. */
  readonly remote: Block
  readonly protocol: Protocol
  readonly ports: Ports
  readonly areAnswers: boolean
}

interface Denied {
  readonly ports: Ports
  /** `undefined`: no entry allows them, so the last rule of every ACL denies them. */
  readonly entry: AclEntry | undefined
}

/** An entry allows a range only as a whole, and denies it where it takes a part: an address of the range may be any. */
function matches(entry: AclEntry, { direction, remote, protocol }: Packets): boolean {
  if (entry.egress !== (direction === 'out')) return false
  if (entry.protocol !== 'all' && entry.protocol !== protocol) return false
  return entry.allow ? covers(entry.block, remote) : overlaps(entry.block, remote)
}

/** The first entry that matches a port decides on it. */
function deniedBy(acl: Acl, packets: Packets): Denied[] {
  const denied: Denied[] = []
  let left: readonly Ports[] = [packets.ports]
  for (const entry of acl.entries.filter((one) => matches(one, packets))) {
    if (!entry.allow) denied.push(...left.flatMap((range) => common(range, entry.ports) ?? []).map((ports) => ({ ports, entry })))
    left = left.flatMap((range) => without(range, entry.ports))
  }
  return [...denied, ...left.map((ports) => ({ ports, entry: undefined }))]
}

/**
 * AWS advises to deny single ports in the range for answers. One port of a thousand is such a choice: a connection from it hangs,
 * and the others do not (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html).
 */
function isChoice(denied: readonly Denied[], packets: Packets): boolean {
  const most = countOf([packets.ports]) / 1000
  return (
    packets.areAnswers && denied.every(({ entry }) => entry !== undefined) && countOf(denied.map(({ ports }) => ports)) < most
  )
}

function aclVerdict(acl: Acl, packets: Packets): Verdict {
  const hop = `acl ${acl.name}`
  const denied = deniedBy(acl, packets)
  if (denied.length === 0) return pass(acl.name, hop)
  const { direction, remote, protocol, areAnswers } = packets
  const place = denied.flatMap(({ entry }) => entry?.name ?? [])[0] ?? acl.name
  const ports = denied.map((one) => portsText(one.ports)).join(', ')
  const what = areAnswers ? 'answers' : 'connections'
  const side = `${direction === 'in' ? 'in from' : 'out to'} ${remote.text}, ${protocol.toUpperCase()} ${ports}`
  const text = `The network ACL does not let ${what} ${side}.`
  return isChoice(denied, packets) ? pass(acl.name, hop, text) : refuse(place, hop, text, areAnswers ? pages.answers : pages.acl)
}

/** What a connection between two sides asks of the ACLs of its subnets. */
export interface Crossing {
  readonly protocol: Protocol
  readonly port: number
  /** The ports that the source calls from. */
  readonly answers: Ports
}

/** What the ACL of a subnet says about a call, and about its answers, which go the other way. */
function both(subnet: Subnet, direction: 'in' | 'out', remote: Block, crossing: Crossing): readonly [Verdict, Verdict] {
  const { protocol, port, answers } = crossing
  const call = aclVerdict(subnet.acl, { direction, remote, protocol, ports: { from: port, to: port }, areAnswers: false })
  const back = direction === 'in' ? 'out' : 'in'
  return [call, aclVerdict(subnet.acl, { direction: back, remote, protocol, ports: answers, areAnswers: true })]
}

/**
 * A call that leaves a subnet, and its answers that come back. ACLs have no memory of connections.
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 */
export function leavesSubnet(subnet: Subnet, target: Block, crossing: Crossing): readonly [Verdict, Verdict] {
  return both(subnet, 'out', target, crossing)
}

/** A call that enters a subnet, and its answers that leave it. */
export function entersSubnet(subnet: Subnet, source: Block, crossing: Crossing): readonly [Verdict, Verdict] {
  return both(subnet, 'in', source, crossing)
}
