import type { Account } from '../account/account.ts'
import type { Move } from './access.ts'
import { sessionName, Targets } from './candidates.ts'
import { type Actor, Capabilities } from './capabilities.ts'
import { withCuts } from './cuts.ts'
import { graphOf, type Node, type PrincipalGraph } from './graph.ts'
import { directLink, type Link, linkInto } from './links.ts'
import { pairLink } from './pairs.ts'

/** A step of an escalation path. `to` is not set if the step itself grants administrator access. */
export interface Hop {
  readonly from: string
  readonly to: string | undefined
  readonly move: Move
}

/** The permission to remove to close a path. */
export interface Cut {
  readonly action: string
  /** The statement to change. */
  readonly place: string | undefined
  /** Whether this closes every path of the principal. */
  readonly complete: boolean
}

export interface Escalation {
  readonly verdict: 'proven' | 'conditional'
  readonly hops: readonly [Hop, ...Hop[]]
  /** The conditions of all hops. */
  readonly on: readonly string[]
  readonly cut: Cut
}

export interface EscalationResult {
  readonly graph: PrincipalGraph
  /** By ARN of the principal. Administrators are not included. */
  readonly escalations: ReadonlyMap<string, Escalation>
}

/**
 * The principals without a path. Most may do nothing that a path needs, and have one only if a role names them: those are looked up
 * by that name, and not tried in each round.
 */
class Waiting {
  readonly #active = new Map<string, Actor>()
  readonly #passive = new Map<string, Actor>()
  readonly #sessions = new Map<string, Actor[]>()

  get size(): number {
    return this.#active.size + this.#passive.size
  }

  add(actor: Actor): void {
    const { arn } = actor.node
    if (actor.capabilities.active) {
      this.#active.set(arn, actor)
      return
    }
    this.#passive.set(arn, actor)
    const session = sessionName(actor.node)
    const known = this.#sessions.get(session)
    if (known === undefined) this.#sessions.set(session, [actor])
    else known.push(actor)
  }

  delete(arn: string): void {
    this.#active.delete(arn)
    this.#passive.delete(arn)
  }

  active(): Iterable<Actor> {
    return this.#active.values()
  }

  /** Those who may have a link to one of the targets. */
  *candidates(targets: Targets): Generator<Actor> {
    yield* this.#active.values()
    const seen = new Set<string>()
    for (const name of targets.named()) {
      const one = this.#passive.get(name)
      for (const actor of one === undefined ? (this.#sessions.get(name) ?? []) : [one]) {
        const { arn } = actor.node
        if (seen.has(arn) || !this.#passive.has(arn)) continue
        seen.add(arn)
        yield actor
      }
    }
  }
}

/** Searches backwards from the administrators. Each round adds the principals that are one hop away. */
function spread(
  reached: readonly Node[],
  waiting: Waiting,
  links: Map<string, Link>,
  graph: PrincipalGraph,
  certain: boolean,
): void {
  let frontier = reached
  while (frontier.length > 0 && waiting.size > 0) {
    const targets = new Targets(frontier, graph.account.id)
    const found: Node[] = []
    for (const actor of waiting.candidates(targets)) {
      const link = linkInto(actor, targets, graph, certain)
      if (link === undefined) continue
      links.set(actor.node.arn, link)
      found.push(actor.node)
    }
    for (const { arn } of found) waiting.delete(arn)
    frontier = found
  }
}

/**
 * Searches until nothing more is found: what a principal reaches over states and pairs lets more principals reach it, and so on.
 */
function spreadAll(
  reached: readonly Node[],
  waiting: Waiting,
  links: Map<string, Link>,
  graph: PrincipalGraph,
  allTargets: Targets,
  certain: boolean,
): void {
  spread(reached, waiting, links, graph, certain)
  for (;;) {
    const ends = graph.nodes.filter(({ arn, admin }) => admin.verdict === 'yes' || links.has(arn))
    const known = { all: allTargets, reached: new Targets(ends, graph.account.id), graph, certain }
    const found: Node[] = []
    for (const actor of waiting.active()) {
      const link = pairLink(actor, known)
      if (link === undefined) continue
      links.set(actor.node.arn, link)
      found.push(actor.node)
    }
    if (found.length === 0) return
    for (const { arn } of found) waiting.delete(arn)
    spread(found, waiting, links, graph, certain)
  }
}

interface Start {
  readonly waiting: Waiting
  /** Direct paths, with and without open conditions. */
  readonly certain: Map<string, Link>
  readonly conditional: Map<string, Link>
}

function start(others: readonly Node[], allTargets: Targets, graph: PrincipalGraph): Start {
  const waiting = new Waiting()
  const certain = new Map<string, Link>()
  const conditional = new Map<string, Link>()
  for (const node of others) {
    const actor = { node, capabilities: new Capabilities(node, graph) }
    const link = actor.capabilities.active ? directLink(actor, allTargets, graph) : undefined
    if (link?.move.on.length === 0) certain.set(node.arn, link)
    else {
      waiting.add(actor)
      if (link !== undefined) conditional.set(node.arn, link)
    }
  }
  return { waiting, certain, conditional }
}

/**
 * Finds the principals that can escalate to administrator. For each, returns the shortest path, and prefers a path without
 * open conditions.
 */
export function findEscalations(account: Account): EscalationResult {
  const graph = graphOf(account)
  const admins = graph.nodes.filter(({ admin }) => admin.verdict === 'yes')
  const others = graph.nodes.filter(({ admin }) => admin.verdict !== 'yes')
  const allTargets = new Targets(graph.nodes, account.id)
  const { waiting, certain, conditional } = start(others, allTargets, graph)
  const links = new Map(certain)
  spreadAll([...admins, ...others.filter(({ arn }) => certain.has(arn))], waiting, links, graph, allTargets, true)
  const proven = new Set(links.keys())
  for (const [arn, link] of conditional) {
    if (proven.has(arn)) continue
    links.set(arn, link)
    waiting.delete(arn)
  }
  const maybe = others.filter(({ arn, admin }) => admin.verdict === 'conditional' || links.has(arn))
  spreadAll([...admins, ...maybe], waiting, links, graph, allTargets, false)
  const ends = new Map(maybe.map((node) => [node.arn, node.admin.on] as const))
  const paths = new Map<string, EscalationPath>()
  for (const { arn, admin } of others) {
    // A conditional administrator does not gain anything through a conditional path.
    if (admin.verdict === 'conditional' && !proven.has(arn)) continue
    const found = follow(arn, links, ends)
    if (found !== undefined) paths.set(arn, { ...found, verdict: proven.has(arn) ? 'proven' : 'conditional' })
  }
  return { graph, escalations: withCuts(graph, admins, allTargets, paths) }
}

export type EscalationPath = Omit<Escalation, 'cut'>

function follow(
  arn: string,
  links: ReadonlyMap<string, Link>,
  ends: ReadonlyMap<string, readonly string[]>,
): { hops: [Hop, ...Hop[]]; on: string[] } | undefined {
  const hops: Hop[] = []
  const seen = new Set<string>()
  let on: readonly string[] = []
  for (let at: string | undefined = arn; at !== undefined; ) {
    const link: Link | undefined = links.get(at)
    if (link === undefined || seen.has(at)) {
      // The path ends at an administrator, which may itself be conditional.
      on = ends.get(at) ?? []
      break
    }
    seen.add(at)
    hops.push({ from: at, to: link.next?.arn, move: link.move })
    at = link.next?.arn
  }
  const [first, ...rest] = hops
  return first === undefined
    ? undefined
    : { hops: [first, ...rest], on: [...new Set([...hops.flatMap(({ move }) => move.on), ...on])] }
}
