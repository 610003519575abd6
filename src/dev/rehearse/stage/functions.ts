import type { Sender } from '../rights/access.ts'
import { functionOf } from '../template/functions-called.ts'
import type { Resource } from '../template/resource.ts'
import { Workload } from '../workload/workload.ts'
import { type CodeFolders, functionCode, withCertificates } from './code.ts'
import type { Findings } from './findings.ts'
import type { Workshop } from './workshop.ts'

export interface RunOptions {
  readonly workshop: Workshop
  readonly findings: Findings
  readonly code: CodeFolders
  readonly onLine: (name: string, line: string) => void
}

export function nameOf({ stack, logicalId }: Resource): string {
  return `${stack}/${logicalId}`
}

/** Who sends the requests of a workload, with the endpoint that its way to a service passes. */
export function senderOf(workshop: Workshop, id: string, role: string, functionArn?: string): (service: string) => Sender {
  return (service) => {
    const way = workshop.ways.toService(id, service)
    const { endpoint, vpc } = way.allowed ? way.via : {}
    return { kind: 'role', arn: role, functionArn, endpoint, vpc }
  }
}

/** One function of the templates: its real bundle in a process, which runs one event at a time. */
class StageFunction {
  readonly #resource: Resource
  readonly #options: RunOptions
  #process: Workload | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(resource: Resource, options: RunOptions) {
    this.#resource = resource
    this.#options = options
  }

  #start(): Workload {
    const { workshop, findings, code: folders, onLine } = this.#options
    const { physicalId } = this.#resource
    const name = nameOf(this.#resource)
    const code = functionCode(this.#resource, folders, workshop.place)
    const arn = String(this.#resource.attribute('Arn'))
    const keys = workshop.keysFor(name, senderOf(workshop, physicalId, code.role, arn))
    const env = {
      ...code.env,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    }
    const { bundle, handler, megabytes } = code
    return new Workload({
      name,
      env: withCertificates(env, workshop.certificates),
      megabytes,
      surroundings: {
        routes: workshop.ways.routesOf(physicalId, workshop.servers, workshop.awsPort),
        bundle,
        handler,
        ports: {},
      },
      onLine,
      onBlocked: (_name, { host, port, reason }) => findings.add(name, `cannot reach ${host}:${port}: ${reason}`),
    })
  }

  /** Runs one event after the other. A process that has ended is started again, as Lambda does. */
  invoke(event: unknown, id?: string): Promise<unknown> {
    const run = this.#turn.then(async () => {
      const code = functionCode(this.#resource, this.#options.code, this.#options.workshop.place)
      this.#process ??= this.#start()
      try {
        const functionArn = String(this.#resource.attribute('Arn'))
        return await this.#process.invoke(event, { functionArn, timeoutMs: code.timeoutMs, ...(id !== undefined && { id }) })
      } catch (error) {
        if (error instanceof Error && error.name === 'Runtime.ExitError') this.#process = undefined
        throw error
      }
    })
    this.#turn = run.catch(() => undefined)
    return run
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }
}

/** The functions of a stage by ARN. An alias has the function of its version. */
export class Functions {
  readonly #functions: ReadonlyMap<string, StageFunction>
  readonly #workshop: Workshop
  readonly #findings: Findings

  constructor(all: readonly Resource[], options: RunOptions) {
    const found = all.filter(({ type }) => type === 'AWS::Lambda::Function')
    const functions = new Map(found.map((one) => [one, new StageFunction(one, options)]))
    const aliases = all.filter(({ type }) => type === 'AWS::Lambda::Alias')
    const called = [
      ...found.map((one) => [String(one.attribute('Arn')), functions.get(one)] as const),
      ...aliases.map((one) => [one.physicalId, functions.get(functionOf(one.physicalId, all) ?? one)] as const),
    ]
    this.#functions = new Map(called.flatMap(([arn, one]) => (one === undefined ? [] : [[arn, one] as const])))
    this.#workshop = options.workshop
    this.#findings = options.findings
  }

  /** Invokes a function without asking who does. @throws Error the function's own */
  async invoke(arn: string, event: unknown, id?: string): Promise<unknown> {
    const found = this.#functions.get(arn)
    if (found === undefined) throw new Error(`no function has the ARN ${arn}`)
    return found.invoke(event, id)
  }

  /** Invokes a function as a service of AWS, if the function's policy lets it. @throws Error */
  async invokeAs(service: string, sourceArn: string, arn: string, event: unknown): Promise<unknown> {
    const verdict = this.#workshop.access.evaluate(
      { kind: 'service', service, sourceArn },
      { action: 'lambda:InvokeFunction', resource: arn },
    )
    if (!verdict.allowed) {
      this.#findings.add(arn, `${service} may not invoke it: ${verdict.reason}`)
      throw new Error(`${service} may not invoke ${arn}: ${verdict.reason}`)
    }
    return this.invoke(arn, event)
  }

  async stop(): Promise<void> {
    await Promise.all([...new Set(this.#functions.values())].map((one) => one.stop()))
  }
}
