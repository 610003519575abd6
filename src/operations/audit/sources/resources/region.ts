import { setTimeout as pause } from 'node:timers/promises'
import { type AwsPlace, awsProblem, jsonCall, queryCall, type SigningCredentials } from '../../../../aws/index.ts'
import { Problem } from '../../../../domain/problem.ts'
import type { Workload } from '../../account/account.ts'
import { LimitReached, type Meter } from './limits.ts'
import { readXml, type XmlElement } from './xml.ts'

/** The account that is read, and how. */
export interface ReadContext {
  readonly place: AwsPlace
  readonly account: string
  readonly partition: string
  credentials(): Promise<SigningCredentials>
  /** The ARN of a role by its name, or of the role in an instance profile. */
  roleNamed(name: string): string | undefined
  roleIn(profile: string): string | undefined
  readonly meter: Meter
}

/** The services with AWS's JSON protocol: the prefix of their targets, per their models. Their action in IAM has the same name. */
const jsonServices: Readonly<Record<string, { target: string; version: '1.0' | '1.1'; host?: string }>> = {
  apprunner: { target: 'AppRunner', version: '1.0' },
  codebuild: { target: 'CodeBuild_20161006', version: '1.1' },
  'cognito-identity': { target: 'AWSCognitoIdentityService', version: '1.1' },
  ecs: { target: 'AmazonEC2ContainerServiceV20141113', version: '1.1' },
  elasticmapreduce: { target: 'ElasticMapReduce', version: '1.1' },
  glue: { target: 'AWSGlue', version: '1.1' },
  sagemaker: { target: 'SageMaker', version: '1.1', host: 'api.sagemaker' },
  ssm: { target: 'AmazonSSM', version: '1.1' },
  states: { target: 'AWSStepFunctions', version: '1.0' },
}

const tryMs = 30_000
const allTriesMs = 120_000
const maxPauseMs = 8_000

/** AWS asked to slow down, or did not answer: the call may be repeated. A name that does not exist stays so. */
function mayRepeat(problem: unknown): boolean {
  return (
    problem instanceof Problem &&
    (problem.code === 'aws-throttled' || (problem.code === 'aws-unavailable' && !hasNoHost(problem)))
  )
}

/** Whether an endpoint does not exist, as where a region does not have the service. */
export function hasNoHost(problem: unknown): boolean {
  if (!(problem instanceof Problem)) return false
  const { cause } = problem
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND'
}

/** `fetch` wraps the error of the connection. */
function unwrapped(error: unknown): unknown {
  return error instanceof TypeError && error.cause instanceof Error ? error.cause : error
}

function attempts(): number {
  const own = Number(process.env.AWS_MAX_ATTEMPTS)
  return Number.isInteger(own) && own > 0 ? own : 8
}

/** Reads resources of one region. A call that AWS throttles is repeated with growing pauses. */
export class RegionReader {
  readonly region: string
  readonly context: ReadContext
  readonly #found: Workload[] = []

  constructor(region: string, context: ReadContext) {
    this.region = region
    this.context = context
  }

  get found(): readonly Workload[] {
    return this.#found
  }

  add(workload: Workload): void {
    this.context.meter.resource()
    this.#found.push(workload)
  }

  /** An ARN of this account and region. */
  arn(service: string, resource: string): string {
    return `arn:${this.context.partition}:${service}:${this.region}:${this.context.account}:${resource}`
  }

  /** The ARN of a role that is given as an ARN or a name. */
  role(text: unknown): string | undefined {
    if (typeof text !== 'string' || text === '') return undefined
    return text.startsWith('arn:') ? text : this.context.roleNamed(text.split('/').at(-1) ?? text)
  }

  get #suffix(): string {
    return this.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  }

  /** A call with a client of the SDK, which repeats by itself. */
  one<T>(action: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#repeated(action, 1, work, allTriesMs)
  }

  async #repeated<T>(action: string, most: number, work: (signal: AbortSignal) => Promise<T>, milliseconds = tryMs): Promise<T> {
    const { meter, place } = this.context
    for (let attempt = 1; ; attempt++) {
      meter.call()
      try {
        return await work(AbortSignal.any([meter.signal, AbortSignal.timeout(milliseconds)]))
      } catch (error) {
        if (error instanceof LimitReached) throw error
        const problem = awsProblem(unwrapped(error), { action, region: this.region, profile: place.profile })
        if (attempt >= most || !mayRepeat(problem)) throw problem
        // Full jitter, so that the regions do not ask again at once.
        await pause(Math.random() * Math.min(maxPauseMs, 200 * 2 ** attempt))
      }
    }
  }

  /** One call of a service with the JSON protocol, by its action in IAM. */
  json(action: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const [service = '', operation = ''] = action.split(':')
    const protocol = jsonServices[service]
    if (protocol === undefined) throw new Error(`no protocol of ${service} is known`)
    const { target, version, host = service } = protocol
    return this.#repeated(action, attempts(), async (signal) =>
      jsonCall(await this.context.credentials(), {
        service,
        region: this.region,
        endpoint: `https://${host}.${this.region}.${this.#suffix}`,
        target: `${target}.${operation}`,
        version,
        body,
        signal,
      }),
    )
  }

  /** The pages of a JSON list. `token` is what the service calls its page token, in requests and answers. */
  async *pages(action: string, body: object, token = 'nextToken'): AsyncGenerator<Readonly<Record<string, unknown>>> {
    let next: unknown
    do {
      const page: Readonly<Record<string, unknown>> = await this.json(action, {
        ...body,
        ...(typeof next === 'string' && { [token]: next }),
      })
      yield page
      next = page[token]
    } while (typeof next === 'string' && next !== '')
  }

  /** One call of EC2. */
  ec2(action: string, parameters: Readonly<Record<string, string>>): Promise<XmlElement> {
    const [, operation = ''] = action.split(':')
    return this.#repeated(action, attempts(), async (signal) =>
      readXml(
        await queryCall(await this.context.credentials(), {
          service: 'ec2',
          region: this.region,
          endpoint: `https://ec2.${this.region}.${this.#suffix}`,
          version: '2016-11-15',
          action: operation,
          parameters,
          signal,
        }),
      ),
    )
  }
}
