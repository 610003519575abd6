import { type Block, covers } from './block.ts'
import type { GroupRule, Interfaces, Network, Protocol } from './model.ts'
import { pages } from './pages.ts'
import { pass, refuse, type Verdict } from './verdict.ts'

/** One side of a connection, as the rules of the other side see it. */
export interface Side {
  readonly block: Block
  readonly groups: readonly string[]
  /** The AWS service whose public addresses these are. */
  readonly service?: string | undefined
}

interface Asked {
  readonly protocol: Protocol
  readonly port: number
}

function peerCovers(network: Network, { peer }: GroupRule, side: Side): boolean {
  switch (peer.kind) {
    case 'block':
      return covers(peer.block, side.block)
    case 'group':
      return side.groups.includes(peer.id)
    case 'prefix-list': {
      // What a list that is not known has cannot be taken for granted.
      const list = network.prefixLists.get(peer.id)
      if (list === undefined) return false
      return 'service' in list ? list.service === side.service : list.blocks.some((block) => covers(block, side.block))
    }
  }
}

function allows(network: Network, rule: GroupRule, side: Side, { protocol, port }: Asked): boolean {
  if (rule.protocol !== 'all' && rule.protocol !== protocol) return false
  return port >= rule.ports.from && port <= rule.ports.to && peerCovers(network, rule, side)
}

function verdict(network: Network, own: Interfaces, side: Side, asked: Asked, direction: 'ingress' | 'egress'): Verdict {
  const names = own.groups.map((id) => network.groups.get(id)?.name ?? id)
  const hop = `security group ${names.join(', ')}`
  // The rules of all groups of an interface count together.
  const rules = own.groups.flatMap((id) => network.groups.get(id)?.[direction] ?? [])
  const at = names[0] ?? own.name
  if (rules.some((rule) => allows(network, rule, side, asked))) return pass(at, hop)
  const where = side.groups.map((id) => network.groups.get(id)?.name ?? id)
  const other = where.length > 0 ? `${side.block.text} (${where.join(', ')})` : side.block.text
  const way = direction === 'egress' ? `out to ${other}` : `in from ${other}`
  const text = `The security group of ${own.name} does not let ${asked.protocol.toUpperCase()} ${asked.port} ${way}.`
  return refuse(at, hop, text, pages.securityGroup)
}

/**
 * Whether the groups of the source let a connection out. Groups remember connections, so answers need no rule.
 * https://docs.aws.amazon.com/vpc/latest/userguide/security-group-connection-tracking.html
 */
export function letsOut(network: Network, source: Interfaces, target: Side, asked: Asked): Verdict {
  return verdict(network, source, target, asked, 'egress')
}

/** Whether the groups of the target let a connection in. */
export function letsIn(network: Network, target: Interfaces, source: Side, asked: Asked): Verdict {
  return verdict(network, target, source, asked, 'ingress')
}
