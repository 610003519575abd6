import { blockOf, covers, internet, isPrivate } from './block.ts'
import type { Interfaces, Network, Workload } from './model.ts'
import { pages } from './pages.ts'
import { answerPorts } from './ports.ts'
import type { Connection, Spot, Via, Way } from './spot.ts'
import { pass, refuse } from './verdict.ts'
import { answersAt, waysIn } from './ways-in.ts'
import { waysInside } from './ways-inside.ts'
import { wayOut } from './ways-out.ts'
import { namesResolve, waysToService } from './ways-service.ts'

export type Source =
  /** A function, the tasks of an ECS service, or a balancer, by its physical id. */
  | { readonly kind: 'workload'; readonly id: string }
  /** Without an address the answer is that for every public address. */
  | { readonly kind: 'internet'; readonly address?: string }

export type Target =
  /** A database, a cache, a balancer or the tasks of an ECS service, by its physical id. */
  | { readonly kind: 'workload'; readonly id: string }
  /** The interfaces of an interface endpoint, by its physical id. */
  | { readonly kind: 'endpoint'; readonly id: string }
  /** An IPv4 address, with the security groups of its interface if it is inside a VPC. */
  | { readonly kind: 'address'; readonly address: string; readonly groups?: readonly string[] }
  /** An AWS service in the region by its own name, as the names of endpoints write it: `sqs`, `ecr.api`. */
  | { readonly kind: 'service'; readonly service: string }
  /** A name on the internet, such as hooks.slack.com. */
  | { readonly kind: 'host'; readonly host: string }

export interface Question extends Connection {
  readonly from: Source
  readonly to: Target
}

/** A way that is open. */
export interface OpenWay {
  /** The places on the way, from the source to the target. */
  readonly path: readonly string[]
  readonly via: Via
  /** What may fail though the way is open, such as a zone that the call depends on. */
  readonly warnings: readonly string[]
}

export type Answer =
  /** `ways` has one for each subnet of the source and the target. `path` and `via` are those of the first. */
  | (OpenWay & { readonly allowed: true; readonly ways: readonly OpenWay[] })
  | {
      readonly allowed: false
      /** The resource that refuses, as `stack/LogicalId`. */
      readonly at: string
      readonly reason: string
      /** The page of AWS that says so. */
      readonly page: string
      /** The places up to the one that refuses. */
      readonly path: readonly string[]
      /** By what the call would have left. */
      readonly via: Via
    }

const nowhere: Way = { via: { kind: 'vpc' }, verdicts: [refuse('from', 'from', 'There is no way.', pages.routes)] }

function closed(at: string, reason: string, page: string): Way[] {
  return [{ via: { kind: 'vpc' }, verdicts: [refuse(at, at, reason, page)] }]
}

/** A physical id, or the name of a resource as `stack/LogicalId`. */
function workloadOf(network: Network, id: string): Workload | undefined {
  return network.workloads.get(id) ?? [...network.workloads.values()].find(({ name }) => name === id)
}

function endpointOf(network: Network, id: string): Interfaces | undefined {
  return network.endpoints.get(id) ?? [...network.endpoints.values()].find(({ name }) => name === id)
}

/** From outside of a VPC: the internet, or a function without VpcConfig. */
function waysFromOutside(network: Network, { from, to, port, protocol }: Question): Way[] {
  const asked = { port, protocol }
  const open: Way[] = [{ via: { kind: 'internet' }, verdicts: [pass('internet', 'the internet')] }]
  if (to.kind === 'service' || to.kind === 'host') return open
  if (to.kind === 'workload') {
    const target = workloadOf(network, to.id)
    if (target === undefined) return closed(to.id, `${to.id} is not in the templates.`, pages.routes)
    if (target.kind === 'function') return [{ via: { kind: 'internet' }, verdicts: [answersAt(target, asked)] }]
    const source = from.kind === 'internet' && from.address !== undefined ? blockOf(from.address, 'from') : internet
    return waysIn(network, target, asked, source)
  }
  if (to.kind === 'address' && !isPrivate(blockOf(to.address, 'to'))) return open
  const text = 'A private address cannot be reached from outside its VPC. A function needs VpcConfig for it.'
  return closed(to.kind === 'address' ? to.address : to.id, text, pages.functionInVpc)
}

function waysToAddress(network: Network, spot: Spot, to: Target & { kind: 'address' }, asked: Connection): Way[] {
  const block = blockOf(to.address, 'to')
  const subnet = [...network.subnets.values()].find((one) => one.vpc.id === spot.subnet.vpc.id && covers(one.block, block))
  if (subnet !== undefined) {
    return waysInside(
      network,
      spot,
      { id: to.address, name: to.address, subnets: [subnet.id], groups: to.groups ?? [] },
      asked,
      block,
    )
  }
  if (!isPrivate(block)) return [wayOut(network, spot, asked)]
  return closed(to.address, `${to.address} is in no subnet of ${spot.subnet.vpc.name}.`, pages.routes)
}

function waysToWorkload(network: Network, spot: Spot, to: Workload, asked: Connection): Way[] {
  if (to.kind === 'function') return [{ via: { kind: 'vpc' }, verdicts: [answersAt(to, asked)] }]
  // The name of an internet-facing balancer has public addresses, inside the VPC too.
  const isPublicName = to.kind === 'balancer' && to.hasPublicAddress
  const ways = isPublicName
    ? waysIn(network, to, asked).map((way) => {
        const out = wayOut(network, spot, asked)
        return { ...out, verdicts: [...out.verdicts, ...way.verdicts] }
      })
    : waysInside(network, spot, to, asked)
  // Targets of a balancer are addresses; everything else is found by its name.
  const names = to.kind === 'task' ? [] : [namesResolve(spot.subnet.vpc)]
  return ways.map((way) => ({ ...way, verdicts: [...names, ...way.verdicts, answersAt(to, asked)] }))
}

function waysFromSpot(network: Network, spot: Spot, to: Target, asked: Connection): Way[] {
  switch (to.kind) {
    case 'service':
      return waysToService(network, spot, to.service, asked)
    case 'host': {
      const way = wayOut(network, spot, asked)
      return [{ ...way, verdicts: [namesResolve(spot.subnet.vpc), ...way.verdicts, pass(to.host, to.host)] }]
    }
    case 'address':
      return waysToAddress(network, spot, to, asked)
    case 'endpoint': {
      const endpoint = endpointOf(network, to.id)
      if (endpoint === undefined) return closed(to.id, `${to.id} is not in the templates.`, pages.routes)
      const via = { kind: 'interface', endpoint: endpoint.id, vpc: spot.subnet.vpc.id } as const
      return waysInside(network, spot, endpoint, asked).map(({ verdicts }) => ({
        via,
        verdicts: [...verdicts, pass(endpoint.name, `endpoint ${endpoint.name}`)],
      }))
    }
    case 'workload': {
      const target = workloadOf(network, to.id)
      if (target === undefined) return closed(to.id, `${to.id} is not in the templates.`, pages.routes)
      return waysToWorkload(network, spot, target, asked)
    }
  }
}

function waysOf(network: Network, question: Question): Way[] {
  const { from, to, ...asked } = question
  if (from.kind === 'internet') return waysFromOutside(network, question)
  const source = workloadOf(network, from.id)
  if (source === undefined) return closed(from.id, `${from.id} is not in the templates.`, pages.routes)
  const { kind } = source
  if (kind === 'database' || kind === 'cache') {
    return closed(source.name, `${source.name} starts no connections.`, pages.securityGroup)
  }
  const start = pass(source.name, `${source.name} (${kind})`)
  const ways = source.inVpc
    ? source.subnets.flatMap((id) => {
        const subnet = network.subnets.get(id)
        if (subnet === undefined) return closed(source.name, `${id} is not in the templates.`, pages.routes)
        const spot = { source, subnet, answers: answerPorts[kind], hasPublicAddress: source.hasPublicAddress }
        return waysFromSpot(network, spot, to, asked)
      })
    : waysFromOutside(network, question)
  if (ways.length === 0) return closed(source.name, `${source.name} is in no subnet.`, pages.routes)
  return ways.map((way) => ({ ...way, verdicts: [start, ...way.verdicts] }))
}

function pathOf({ verdicts }: Way): string[] {
  return [...new Set(verdicts.map(({ hop }) => hop))]
}

function answerOf({ via, verdicts }: Way): Answer {
  const at = verdicts.findIndex(({ refusal }) => refusal !== undefined)
  const refusing = verdicts[at]
  if (refusing?.refusal !== undefined) {
    return {
      allowed: false,
      at: refusing.at,
      ...refusing.refusal,
      path: pathOf({ via, verdicts: verdicts.slice(0, at + 1) }),
      via,
    }
  }
  const way: OpenWay = { path: pathOf({ via, verdicts }), via, warnings: verdicts.flatMap(({ warning }) => warning ?? []) }
  return { ...way, allowed: true, ways: [way] }
}

/**
 * Whether a connection could be made on AWS, by the templates alone. It has to be possible from every subnet in which the source
 * may be, to every one of the target; otherwise it fails now and then. IPv6 is not checked (`Network.unchecked`).
 * @throws Unresolvable if an address of the question is not one
 */
export function reach(network: Network, question: Question): Answer {
  const answers = waysOf(network, question).map(answerOf)
  const refused = answers.find(({ allowed }) => !allowed)
  if (refused !== undefined) return refused
  const ways = answers.flatMap((answer) => (answer.allowed ? answer.ways : []))
  const [first] = ways
  if (first === undefined) return answerOf(nowhere)
  return { ...first, warnings: [...new Set(ways.flatMap(({ warnings }) => warnings))], allowed: true, ways }
}
