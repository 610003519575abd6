import { randomUUID } from 'node:crypto'
import { recordOf } from '../../../domain/record.ts'
import type { Service } from '../aws/services.ts'
import { type Call, type CallAnswer, forwardedBy, textAnswer } from '../front/call.ts'
import { listen } from '../front/listener.ts'
import { RestApi } from '../front/rest-api.ts'
import { dutiesOf } from '../rights/duties/duties.ts'
import type { Place, Resource } from '../template/resource.ts'
import { resolveStage, type SentStack } from '../template/stage.ts'
import { CustomResources } from './custom-resources.ts'
import { Findings } from './findings.ts'
import { Functions, nameOf } from './functions.ts'
import { Pollers, runSchedules } from './pollers.ts'
import { Task } from './tasks.ts'
import { packTrail } from './trail.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

export interface StageOptions {
  readonly stacks: readonly SentStack[]
  readonly place: Place
  /** For all data of the rehearsal. */
  readonly folder: string
  /** The folder of the installation, with templates and bundles. */
  readonly root: string
  /** What answers for hosts of the internet, such as Slack. */
  readonly hosts?: Readonly<Record<string, Service>>
  /** A line of the log of a function or a container. */
  readonly onLine?: (name: string, line: string) => void
}

function flattened(stacks: ReturnType<typeof resolveStage>): readonly Resource[] {
  return [...stacks.values()].flatMap(({ resources }) => [...resources.values()])
}

/** An address on the internet (RFC 5737). */
export const callerAddress = '198.51.100.7'
/** The address of a balancer's network interface in the public subnets. */
const balancerAddress = '10.40.0.10'

/** A stage that runs on this machine as its templates say, with the policies and the network of AWS around it. */
export class RehearsedStage {
  readonly findings: Findings
  readonly workshop: Workshop
  readonly resources: readonly Resource[]
  /** The outputs of all stacks together. */
  readonly outputs: Readonly<Record<string, string>>
  readonly functions: Functions
  readonly #pollers: Pollers
  readonly #tasks: readonly Task[]

  private constructor(parts: {
    findings: Findings
    workshop: Workshop
    resources: readonly Resource[]
    outputs: Readonly<Record<string, string>>
    functions: Functions
    tasks: readonly Task[]
  }) {
    this.findings = parts.findings
    this.workshop = parts.workshop
    this.resources = parts.resources
    this.outputs = parts.outputs
    this.functions = parts.functions
    this.#tasks = parts.tasks
    this.#pollers = new Pollers(parts.resources, parts.workshop, parts.functions, parts.findings)
  }

  /**
   * Starts servers and emulators, makes the custom resources, and starts the containers.
   * @throws Unresolvable for a template that CloudFormation refuses; Problem `check-failed` if a program is not installed
   */
  static async start(options: StageOptions): Promise<RehearsedStage> {
    const { place, folder, root, hosts = {}, onLine = () => undefined } = options
    const trail = await packTrail(folder, root)
    const stacks = [...options.stacks, trail.stack]
    const findings = new Findings()
    const custom = new CustomResources(place)
    const unsigned = (incoming: Parameters<CustomResources['receive']>[0]) => custom.receive(incoming)
    const first = flattened(resolveStage(stacks, place))
    const invoke = (arn: string, event: unknown): Promise<unknown> => functions.invoke(arn, event)
    const workshop = await openWorkshop({ all: first, place, folder, findings, unsigned, hosts, invoke })
    workshop.secrets.put(trail.secretArn(place), trail.webhooks)
    const run = { workshop, findings, code: { root, packed: trail.packed }, onLine }
    let functions = new Functions(first, run)
    const tasks: Task[] = []
    try {
      checkDuties(first, workshop, findings)
      for (const resource of first.filter(({ type }) => type.startsWith('Custom::'))) {
        await custom.make(resource, functions).catch((error: unknown) => findings.add(nameOf(resource), messageOf(error)))
      }
      // What a custom resource answered is in the properties of others.
      const resolved = resolveStage(stacks, place, custom.answers)
      const resources = flattened(resolved)
      const outputs = Object.assign({}, ...[...resolved.values()].map((stack) => stack.outputs))
      await functions.stop()
      functions = new Functions(resources, run)
      for (const service of resources.filter(({ type }) => type === 'AWS::ECS::Service')) {
        const task = resources.find(({ physicalId }) => physicalId === service.properties.TaskDefinition)
        if (task !== undefined) tasks.push(await Task.start(service, task, run))
      }
      return new RehearsedStage({ findings, workshop, resources, outputs, functions, tasks })
    } catch (error) {
      await functions.stop()
      await Promise.all(tasks.map((task) => task.stop()))
      await workshop.stop()
      throw error
    }
  }

  #one(type: string): Resource {
    const found = this.resources.find((resource) => resource.type === type)
    if (found === undefined) throw new Error(`no stack makes a ${type}`)
    return found
  }

  /** A call of a customer, from the internet to the gateway and back. The name leads to a balancer, or to a regional API. */
  async call(call: Call): Promise<CallAnswer> {
    const domain = this.#regionalDomain()
    if (domain !== undefined) return this.#toRegional(domain, call)
    const balancer = this.#one('AWS::ElasticLoadBalancingV2::LoadBalancer')
    const balancerId = balancer.physicalId
    const open = this.workshop.ways.reach({ kind: 'internet' }, { kind: 'workload', id: balancerId }, 443)
    if (!open.allowed) return this.#closed(nameOf(balancer), `cannot be reached from the internet: ${open.at}: ${open.reason}`)
    const headers = { ...call.headers, 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' }
    const decision = listen(this.resources, { ...call, headers })
    if (decision.kind === 'answer') return decision.answer
    const forwarded = forwardedBy(decision.call, balancerAddress)
    const service = this.#tasks.find(({ service: { properties } }) => JSON.stringify(properties).includes(decision.targetGroup))
    return service === undefined ? this.#toApi(balancer, forwarded) : this.#toTask(balancer, service, forwarded)
  }

  #closed(at: string, message: string): CallAnswer {
    this.findings.add(at, message)
    return textAnswer(504, 'text/plain', message)
  }

  async #toTask(balancer: Resource, { service, port }: Task, call: Call): Promise<CallAnswer> {
    const target = { kind: 'workload', id: service.physicalId } as const
    const way = this.workshop.ways.reach({ kind: 'workload', id: balancer.physicalId }, target, 8080)
    if (!way.allowed) return this.#closed(nameOf(balancer), `cannot reach ${nameOf(service)}: ${way.at}: ${way.reason}`)
    const { host: _host, 'content-length': _length, ...headers } = call.headers
    const response = await fetch(`http://127.0.0.1:${port}${call.target}`, {
      method: call.method,
      // fetch sets Host itself; the gateway takes its own origin from APIGW_PUBLIC_ORIGIN.
      headers,
      ...(call.body.length > 0 && { body: new Uint8Array(call.body) }),
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    }
  }

  async #toApi(balancer: Resource, call: Call): Promise<CallAnswer> {
    const api = this.#api('PRIVATE')
    const { VpcEndpointIds: endpoints } = recordOf(api.properties.EndpointConfiguration)
    const target = { kind: 'endpoint', id: String(Array.isArray(endpoints) ? endpoints[0] : '') } as const
    const way = this.workshop.ways.reach({ kind: 'workload', id: balancer.physicalId }, target, 443)
    if (!way.allowed) return this.#closed(nameOf(balancer), `cannot reach the API's endpoint: ${way.at}: ${way.reason}`)
    const called = this.workshop.access.mayCallApi(api.physicalId, target.id, call.target)
    if (!called.allowed) return this.#closed(nameOf(api), `does not answer calls of the balancer: ${called.reason}`)
    return this.#rest(api).answer(forwardedBy(call, '10.40.32.20'))
  }

  /** The domain of the regional API, if the name leads there. Where DNS is elsewhere, it leads to the only front that there is. */
  #regionalDomain(): Resource | undefined {
    const find = (type: string) => this.resources.find((one) => one.type === type)
    const domain = find('AWS::ApiGateway::DomainName')
    const record = find('AWS::Route53::RecordSet')
    if (record === undefined) return find('AWS::ElasticLoadBalancingV2::LoadBalancer') === undefined ? domain : undefined
    const { DNSName } = recordOf(record.properties.AliasTarget)
    return DNSName === domain?.attribute('RegionalDomainName') ? domain : undefined
  }

  #api(endpoint: string): Resource {
    const found = this.resources.find(({ type, properties }) => {
      const { Types } = recordOf(properties.EndpointConfiguration)
      return type === 'AWS::ApiGateway::RestApi' && Array.isArray(Types) && Types.includes(endpoint)
    })
    if (found === undefined) throw new Error(`no stack makes an API of the type ${endpoint}`)
    return found
  }

  #rest(api: Resource): RestApi {
    const { account, region } = this.workshop.place
    const stages = this.resources.filter(
      ({ type, properties }) => type === 'AWS::ApiGateway::Stage' && properties.RestApiId === api.physicalId,
    )
    return new RestApi({ api, stages }, `arn:aws:execute-api:${region}:${account}`, (arn, event, sourceArn) =>
      this.functions.invokeAs('apigateway.amazonaws.com', sourceArn, arn, event),
    )
  }

  /** API Gateway finds the API and its stage by the domain, and appends the caller to X-Forwarded-For. */
  async #toRegional(domain: Resource, call: Call): Promise<CallAnswer> {
    const mapping = this.resources.find(
      ({ type, properties }) => type === 'AWS::ApiGateway::BasePathMapping' && properties.DomainName === domain.physicalId,
    )
    if (mapping === undefined) return this.#closed(nameOf(domain), 'leads to no API')
    const api = this.#api('REGIONAL')
    const { address } = call
    const headers = { ...call.headers, 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' }
    const forwarded = {
      ...forwardedBy({ ...call, headers }, address),
      target: `/${String(mapping.properties.Stage)}${call.target}`,
    }
    return this.#rest(api).answer(forwarded)
  }

  /** Calls the admin function by its URL, as the command line does. @param body what the function is asked */
  async admin(body: object, userArn: string): Promise<unknown> {
    const url = this.#one('AWS::Lambda::Url')
    const id = randomUUID()
    const event = {
      version: '2.0',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: {
        requestId: id,
        http: { sourceIp: callerAddress, method: 'POST', path: '/' },
        authorizer: { iam: { accountId: this.workshop.place.account, userArn } },
      },
    }
    const answer = recordOf(await this.functions.invoke(String(url.properties.TargetFunctionArn), event, id))
    return JSON.parse(String(answer.body))
  }

  /** Runs what AWS runs in the background: pollers of queues, and schedules. @returns how many messages were moved */
  async tick(): Promise<number> {
    const moved = await this.#pollers.once()
    await runSchedules(this.resources, this.functions, this.findings)
    return moved
  }

  async stop(): Promise<void> {
    await this.functions.stop()
    await Promise.all(this.#tasks.map((task) => task.stop()))
    await this.workshop.stop()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What AWS does on its own has to be allowed, or it fails without a word. */
function checkDuties(all: readonly Resource[], { access }: Workshop, findings: Findings): void {
  for (const duty of dutiesOf(all)) {
    const verdict =
      duty.kind === 'assume' ? access.mayAssume(duty.service, duty.role) : access.evaluate(duty.sender, duty.request)
    if (!verdict.allowed) findings.add(duty.what, verdict.reason)
  }
}
