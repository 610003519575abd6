import { networkOf } from '../network/network-of.ts'
import { type Answer, reach, type Source, type Target } from '../network/reach.ts'
import type { NamedServer } from '../servers/registry.ts'
import type { Place, Resource } from '../template/resource.ts'
import type { Route } from '../workload/routes.ts'

/** The services of AWS that the code of a stage calls, and those that ECS needs for a container. */
const services = ['sqs', 'dynamodb', 's3', 'secretsmanager', 'logs', 'ec2', 'wafv2', 'lambda', 'ecr.api', 'ecr.dkr'] as const

/** Whether, and by what, each part of a stage reaches the others, by the network of the templates. */
export class Ways {
  readonly #network: ReturnType<typeof networkOf>
  readonly #place: Place

  constructor(all: readonly Resource[], place: Place) {
    this.#network = networkOf(all)
    this.#place = place
  }

  reach(from: Source, to: Target, port: number): Answer {
    return reach(this.#network, { from, to, port, protocol: 'tcp' })
  }

  /** How a function, or the tasks of a service, reach a service of AWS. */
  toService(workload: string, service: string): Answer {
    return this.reach({ kind: 'workload', id: workload }, { kind: 'service', service }, 443)
  }

  #route(names: readonly string[], port: number, to: number, answer: Answer): Route[] {
    const where = answer.allowed ? { to } : { reason: `${answer.at}: ${answer.reason}` }
    return names.map((host) => ({ host, port, ...where }))
  }

  /**
   * Where the connections of a function or of tasks go.
   * @param servers the registry and the database
   * @param awsPort where the services of AWS answer
   */
  routesOf(workload: string, servers: readonly NamedServer[], awsPort: number): Route[] {
    const from = { kind: 'workload', id: workload } as const
    const { region } = this.#place
    const toServers = servers.flatMap(({ id, names, port, to }) =>
      this.#route(names, port, to, this.reach(from, { kind: 'workload', id }, port)),
    )
    const toServices = services.flatMap((service) => {
      const host = `${service}.${region}.amazonaws.com`
      const names = service === 's3' ? [host, `*.${host}`] : [host]
      return this.#route(names, 443, awsPort, this.toService(workload, service))
    })
    const slack = 'hooks.slack.com'
    return [
      ...toServers,
      ...toServices,
      ...this.#route([slack], 443, awsPort, this.reach(from, { kind: 'host', host: slack }, 443)),
    ]
  }
}
