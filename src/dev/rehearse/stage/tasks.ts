import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../servers/index.ts'
import type { Resource } from '../template/resource.ts'
import { Workload } from '../workload/workload.ts'
import { taskCode, withCertificates } from './code.ts'
import { nameOf, type RunOptions, senderOf } from './functions.ts'
import type { TemporaryKeys } from './workshop.ts'

const startMs = 60_000
/** Where ECS gives a task its credentials (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). */
const credentialsHost = '169.254.170.2'

function credentialsServer({ accessKeyId, secretAccessKey, sessionToken }: TemporaryKeys): Promise<Server> {
  const expiration = new Date(Date.now() + 6 * 3_600_000).toISOString()
  const body = JSON.stringify({
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: expiration,
  })
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
  return new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server)))
}

/** One task of an ECS service: the real code of the image in a process. */
export class Task {
  /** Where it listens on this machine; undefined: it does not. */
  readonly port: number | undefined
  readonly service: Resource
  readonly #process: Workload
  readonly #credentials: Server

  private constructor(service: Resource, process: Workload, credentials: Server, port: number | undefined) {
    this.service = service
    this.#process = process
    this.#credentials = credentials
    this.port = port
  }

  /** Starts the task as ECS does: the execution role gets its secrets, and the task role is what the code runs under. */
  static async start(service: Resource, task: Resource, options: RunOptions): Promise<Task> {
    const { workshop, findings, root, onLine } = options
    const name = nameOf(service)
    const code = taskCode(task, root)
    const keys = workshop.keysFor(name, senderOf(workshop, service.physicalId, code.role))
    const credentials = await credentialsServer(keys)
    const [port = 0] = await freePorts(1)
    const secrets = injected(task, service, code.secrets, options)
    const env = { ...code.env, ...secrets, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/rehearsal' }
    const routes = [
      ...workshop.ways.routesOf(service.physicalId, workshop.servers, workshop.awsPort),
      { host: credentialsHost, port: 80, to: (credentials.address() as AddressInfo).port },
    ]
    const ports: Record<string, number> = code.port === undefined ? {} : { [String(code.port)]: port }
    const process = new Workload({
      name,
      env: withCertificates(env, workshop.certificates),
      megabytes: code.megabytes,
      surroundings: { routes, bundle: code.bundle, ports },
      onLine,
      onBlocked: (_name, { host, port: to, reason }) => findings.add(name, `cannot reach ${host}:${to}: ${reason}`),
    })
    const started = new Task(service, process, credentials, code.port === undefined ? undefined : port)
    await started.#healthy(findings)
    return started
  }

  /** Resolves when it answers its health check, or has ended. */
  async #healthy(findings: RunOptions['findings']): Promise<void> {
    if (this.port === undefined) return
    const ended = this.#process.ended.then((why) => {
      findings.add(nameOf(this.service), why)
      return true
    })
    for (const until = Date.now() + startMs; Date.now() < until; ) {
      const answered = await fetch(`http://127.0.0.1:${this.port}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      )
      if (answered || (await Promise.race([ended, sleep(50, false)]))) return
    }
    findings.add(nameOf(this.service), 'the container does not answer /healthz')
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    this.#credentials.close()
  }
}

function injected(
  task: Resource,
  service: Resource,
  secrets: readonly { readonly name: string; readonly valueFrom: string }[],
  { workshop, findings }: RunOptions,
): Record<string, string> {
  const role = String(task.properties.ExecutionRoleArn)
  const sender = senderOf(workshop, service.physicalId, role)
  const found: Record<string, string> = {}
  for (const { name, valueFrom } of secrets) {
    const way = workshop.ways.toService(service.physicalId, 'secretsmanager')
    if (!way.allowed) findings.add(nameOf(service), `ECS cannot reach secretsmanager: ${way.at}: ${way.reason}`)
    const verdict = workshop.judge.judge(sender('secretsmanager'), {
      action: 'secretsmanager:GetSecretValue',
      resource: valueFrom,
    })
    if (!verdict.allowed) findings.add(nameOf(task), `ECS may not read ${valueFrom}: ${verdict.reason}`)
    const text = workshop.secrets.text(valueFrom)
    if (way.allowed && verdict.allowed && text !== undefined) found[name] = text
  }
  return found
}
