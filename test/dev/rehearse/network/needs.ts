import type { Network } from '../../../../src/dev/rehearse/network/model.ts'
import type { Question, Source, Target } from '../../../../src/dev/rehearse/network/reach.ts'
import type { NetworkResource } from '../../../../src/dev/rehearse/network/resource.ts'
import { resolveStage } from '../../../../src/dev/rehearse/template/stage.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { place, sentStage, shipped } from '../stages.ts'

interface Needs {
  readonly inside: readonly string[]
  readonly services: readonly string[]
}

/** Fargate fetches the image, the secrets and the place for logs by the interface of the task (platform version 1.4). */
const fargate = ['ecr.api', 'ecr.dkr', 's3', 'secretsmanager', 'logs']

/** What each part in the network connects to, by its name. A part that is not here fails the tests. */
export const needs: Readonly<Record<string, Needs>> = {
  'apigw-prod-gateway/GatewayFunction': { inside: ['registry'], services: ['sqs', 'secretsmanager', 's3', 'dynamodb'] },
  'apigw-prod-gateway/AuthorizerFunction': { inside: ['registry'], services: ['secretsmanager'] },
  'apigw-prod-gateway/Service': { inside: ['registry'], services: ['sqs', 'dynamodb', ...fargate] },
  'apigw-prod-worker/WorkerFunction': { inside: ['database'], services: ['sqs', 'secretsmanager'] },
  'apigw-prod-worker/ReportsFunction': { inside: ['database'], services: ['secretsmanager', 'dynamodb'] },
  'apigw-prod-worker/Service': { inside: ['database'], services: ['sqs', 'dynamodb', ...fargate] },
  'apigw-prod-admin/Function': { inside: ['registry'], services: ['secretsmanager'] },
  'apigw-prod-data/DatabaseLoginFunction': { inside: ['database'], services: [] },
  'apigw-prod-edge/Balancer': { inside: ['gateway'], services: [] },
}

/** What functions outside the network call: S3 with the answers of custom resources, and what solo needs for a call. */
const outside = ['ec2', 'wafv2', 's3', 'lambda', 'secretsmanager', 'sqs', 'dynamodb']

/** What a function needs where the worker logs in with IAM and leaves dead letters to SQS: nothing that has no free endpoint. */
const soloServices: Readonly<Record<string, readonly string[]>> = {
  'apigw-prod-worker/WorkerFunction': [],
  'apigw-prod-worker/ReportsFunction': ['dynamodb'],
}

const installation = shipped()

/** The resources of all stacks of a stage, with their functions resolved. */
export async function resourcesFor(settings: DeploySettings): Promise<NetworkResource[]> {
  const stacks = resolveStage(await sentStage(settings, installation), place)
  return [...stacks.values()].flatMap(({ resources }) => [...resources.values()])
}

export function fromWorkload(id: string): Source {
  return { kind: 'workload', id }
}

export function tcp(from: Source, to: Target, port: number): Question {
  return { from, to, port, protocol: 'tcp' }
}

/** What is inside the network, by what the table above calls it. */
export function insideOf({
  front,
  engine,
  size,
  registry,
  transition,
}: DeploySettings): Readonly<Record<string, { readonly to: Target; readonly port: number }>> {
  const workload = (id: string, port: number) => ({ to: { kind: 'workload', id } as const, port })
  const gateway =
    front === 'container'
      ? workload('apigw-prod-gateway/Service', 8080)
      : { to: { kind: 'endpoint', id: 'apigw-prod-gateway/ApiEndpoint' } as const, port: 443 }
  const isSolo = size === 'solo' && transition !== true
  const hasNodes = transition === true || (registry ?? (isSolo ? 'dynamodb' : 'redis')) === 'redis'
  return {
    ...(hasNodes && { registry: workload('apigw-prod-data/Registry', 6379) }),
    database: workload('apigw-prod-data/Database', engine === 'postgres' ? 5432 : 3306),
    ...(!isSolo && { gateway }),
  }
}

/** What makes connections. */
export function sourcesOf(network: Network): { readonly name: string; readonly kind: string; readonly inVpc: boolean }[] {
  return [...network.workloads.values()].filter(({ kind }) => kind !== 'database' && kind !== 'cache')
}

/** The services of AWS that each source calls. */
export function serviceCalls(
  network: Network,
  { size }: DeploySettings = {},
): { readonly kind: string; readonly text: string; readonly question: Question }[] {
  return sourcesOf(network).flatMap(({ name, kind, inVpc }) =>
    (inVpc ? ((size === 'solo' ? soloServices[name] : undefined) ?? needs[name]?.services ?? []) : outside).map((service) => ({
      kind: inVpc ? kind : 'outside',
      text: `${name} -> ${service}`,
      question: tcp(fromWorkload(name), { kind: 'service', service }, 443),
    })),
  )
}

/** Every connection that a stage needs, with that of its callers. */
export function connectionsOf(network: Network, settings: DeploySettings): Question[] {
  const inside = insideOf(settings)
  const own = sourcesOf(network).flatMap(({ name }) =>
    (needs[name]?.inside ?? []).flatMap((target) => {
      const found = inside[target]
      return found === undefined ? [] : [tcp(fromWorkload(name), found.to, found.port)]
    }),
  )
  const callers = tcp({ kind: 'internet' }, { kind: 'workload', id: 'apigw-prod-edge/Balancer' }, 443)
  return [...own, ...serviceCalls(network, settings).map(({ question }) => question), callers]
}
