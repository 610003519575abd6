import { entersSubnet } from './acls.ts'
import { type Block, internet } from './block.ts'
import type { Network, Workload, WorkloadKind } from './model.ts'
import { pages } from './pages.ts'
import { answerPorts } from './ports.ts'
import { letsIn } from './security-groups.ts'
import type { Connection, Way } from './spot.ts'
import { pass, refuse, type Verdict } from './verdict.ts'
import { internetGatewayVerdict } from './ways-out.ts'

const addressPages: Readonly<Record<WorkloadKind, string>> = {
  function: pages.functionInVpc,
  task: pages.taskAddress,
  balancer: pages.balancer,
  database: pages.database,
  cache: pages.cache,
}

/** Whether anything answers at the port. */
export function answersAt({ kind, name, listensOn }: Workload, { port }: Connection): Verdict {
  const hop = `${name} (${kind})`
  if (kind === 'function') {
    const text = `${name} is a function. It takes no connections: it is invoked through the API of Lambda.`
    return refuse(name, hop, text, pages.functionInVpc)
  }
  if (listensOn === undefined || listensOn.includes(port)) return pass(name, hop)
  const ports = listensOn.length === 0 ? 'no port' : `port ${listensOn.join(', ')}`
  return refuse(name, hop, `${name} listens on ${ports}, not on ${port}.`, addressPages[kind])
}

/** The ways of a connection from a public address, one for each subnet in which the target may be. */
export function waysIn(network: Network, to: Workload, asked: Connection, source: Block = internet): Way[] {
  const via = { kind: 'internet' } as const
  if (!to.hasPublicAddress) {
    const text = `${to.name} has no public address.`
    return [{ via, verdicts: [refuse(to.name, to.name, text, addressPages[to.kind])] }]
  }
  return to.subnets.map((id): Way => {
    const subnet = network.subnets.get(id)
    if (subnet === undefined) {
      return { via, verdicts: [refuse(to.name, to.name, `${id} is not in the templates.`, pages.routes)] }
    }
    return {
      via,
      verdicts: [
        internetGatewayVerdict(network, subnet),
        ...entersSubnet(subnet, source, { ...asked, answers: answerPorts.internet }),
        pass(subnet.name, `subnet ${subnet.name}`),
        letsIn(network, to, { block: source, groups: [] }, asked),
        answersAt(to, asked),
      ],
    }
  })
}
