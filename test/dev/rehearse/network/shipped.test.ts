import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Network } from '../../../../src/dev/rehearse/network/model.ts'
import { networkOf } from '../../../../src/dev/rehearse/network/network-of.ts'
import { type Answer, type Question, reach, type Source, type Target } from '../../../../src/dev/rehearse/network/reach.ts'
import { resolveStack } from '../../../../src/dev/rehearse/template/resolve.ts'
import { resolveStage } from '../../../../src/dev/rehearse/template/stage.ts'
import { type DeploySettings, engines, fronts, workers } from '../../../../src/domain/stage.ts'
import { readSections } from '../../../../src/operations/cloudformation/index.ts'
import { least, place, sentStage, shipped, variants } from '../stages.ts'

interface Needs {
  readonly inside: readonly string[]
  readonly services: readonly string[]
}

const image = 'apigw-prod@sha256:0'
/** Fargate fetches the image, the secrets and the place for logs by the interface of the task (platform version 1.4). */
const fargate = ['ecr.api', 'ecr.dkr', 's3', 'secretsmanager', 'logs']

/** What each part in the network connects to, by its name. A part that is not here fails the tests. */
const needs: Readonly<Record<string, Needs>> = {
  'apigw-prod-gateway/GatewayFunction': { inside: ['registry'], services: ['sqs', 'secretsmanager', 's3', 'dynamodb'] },
  'apigw-prod-gateway/AuthorizerFunction': { inside: ['registry'], services: ['secretsmanager'] },
  'apigw-prod-gateway/Service': { inside: ['registry'], services: ['sqs', 'dynamodb', ...fargate] },
  'apigw-prod-worker/WorkerFunction': { inside: ['database'], services: ['sqs', 'secretsmanager'] },
  'apigw-prod-worker/ReportsFunction': { inside: ['database'], services: ['secretsmanager', 'dynamodb'] },
  'apigw-prod-worker/Service': { inside: ['database'], services: ['sqs', 'dynamodb', ...fargate] },
  'apigw-prod-admin/Function': { inside: ['registry'], services: ['secretsmanager'] },
  // A custom resource answers CloudFormation by a URL of S3.
  'apigw-prod-data/DatabaseUserFunction': { inside: ['database'], services: ['secretsmanager', 's3'] },
  'apigw-prod-edge/Balancer': { inside: ['gateway'], services: [] },
}

/**
 * What the templates do not let through and should. The list is exact: a connection of it that becomes possible fails the tests.
 */
const knownFailures: readonly { readonly from: 'function'; readonly via: readonly string[]; readonly at: string }[] = [
  // Answers from public addresses come in on 32768-65535 only, and a function calls from 1024-65535.
  { from: 'function', via: ['gateway', 'nat'], at: 'apigw-prod-network/PrivateAcl' },
]

function isKnown(kind: string, answer: Answer): boolean {
  return knownFailures.some(({ from, via }) => from === kind && via.includes(answer.via.kind))
}

const installation = shipped()

async function networkFor(settings: DeploySettings): Promise<Network> {
  const stacks = resolveStage(await sentStage(settings, installation), place)
  return networkOf([...stacks.values()].flatMap(({ resources }) => [...resources.values()]))
}

/** What is inside the network, by what the table above calls it. */
function insideOf({ front, engine }: DeploySettings): Readonly<Record<string, { readonly to: Target; readonly port: number }>> {
  const workload = (id: string, port: number) => ({ to: { kind: 'workload', id } as const, port })
  const gateway =
    front === 'container'
      ? workload('apigw-prod-gateway/Service', 8080)
      : { to: { kind: 'endpoint', id: 'apigw-prod-gateway/ApiEndpoint' } as const, port: 443 }
  return {
    registry: workload('apigw-prod-data/Registry', 6379),
    database: workload('apigw-prod-data/Database', engine === 'postgres' ? 5432 : 3306),
    gateway,
  }
}

function sources(network: Network): { readonly name: string; readonly kind: string; readonly inVpc: boolean }[] {
  return [...network.workloads.values()].filter(({ kind }) => kind !== 'database' && kind !== 'cache')
}

function ask(network: Network, from: Source, to: Target, port: number): Answer {
  return reach(network, { from, to, port, protocol: 'tcp' } satisfies Question)
}

function fromWorkload(id: string): Source {
  return { kind: 'workload', id }
}

const egresses: readonly DeploySettings[] = [
  { egress: 'endpoints' },
  { egress: 'nat' },
  { egress: 'nat', parameters: { network: { NatGateways: '2' } } },
  { egress: 'none' },
]

const matrix: readonly (readonly [string, DeploySettings])[] = [
  ...Object.entries(variants),
  ...fronts.flatMap((front) =>
    workers.flatMap((worker) =>
      egresses.map((egress, at): [string, DeploySettings] => {
        const engine = engines[at % engines.length]
        const settings = { ...least, front, worker, image, engine, ...egress }
        const gateways = egress.parameters === undefined ? '' : ', two NAT gateways'
        return [`front ${front}, worker ${worker}, ${engine}, egress ${egress.egress}${gateways}`, settings]
      }),
    ),
  ),
]

describe.each(matrix)('%s', (_name, settings) => {
  let network: Network
  beforeAll(async () => {
    network = await networkFor(settings)
  })

  it('lets each part reach what it needs inside the network, and nothing else', () => {
    const inside = insideOf(settings)
    const found = sources(network).map(({ name, inVpc }) => {
      const reached = Object.entries(inside).filter(([, { to, port }]) => ask(network, fromWorkload(name), to, port).allowed)
      return [inVpc ? name : `${name}, outside`, reached.map(([target]) => target)]
    })
    const expected = sources(network).map(({ name, inVpc }) =>
      inVpc ? [name, needs[name]?.inside ?? 'missing in this test'] : [`${name}, outside`, []],
    )
    expect(found).toEqual(expected)
  })

  it('lets each part reach the services that it needs', () => {
    const asked = sources(network).flatMap(({ name, kind, inVpc }) =>
      (inVpc ? (needs[name]?.services ?? []) : ['ec2', 'wafv2', 's3']).map((service) => {
        const answer = ask(network, fromWorkload(name), { kind: 'service', service }, 443)
        return { kind: inVpc ? kind : 'outside', text: `${name} -> ${service}`, answer }
      }),
    )
    // With this setting the operator gives the way out.
    const isOperators = (answer: Answer) => settings.egress === 'none' && answer.via.kind === 'internet'
    const refused = asked.flatMap(({ text, answer }) => (answer.allowed ? [] : [{ text, at: answer.at }]))
    const expected = asked.flatMap(({ text, kind, answer }) => {
      if (kind === 'outside') return []
      if (isOperators(answer)) return [{ text, at: 'apigw-prod-network/PrivateRouteTableA' }]
      return isKnown(kind, answer) ? [{ text, at: 'apigw-prod-network/PrivateAcl' }] : []
    })
    expect(refused).toEqual(expected)
  })

  it('lets the internet reach the balancer, and nothing else', () => {
    const inside = Object.values(insideOf(settings))
    const balancer = { kind: 'workload', id: 'apigw-prod-edge/Balancer' } as const
    expect(ask(network, { kind: 'internet' }, balancer, 443)).toMatchObject({ allowed: true })
    const others = sources(network).filter(({ name }) => name !== balancer.id)
    const rest = [...inside, ...others.map(({ name }) => ({ to: { kind: 'workload', id: name } as const, port: 443 }))]
    // One address, too: a rule may let in a part of the internet.
    for (const from of [{ kind: 'internet' }, { kind: 'internet', address: '198.51.100.1' }] as const) {
      expect(rest.filter(({ to, port }) => ask(network, from, to, port).allowed)).toEqual([])
    }
  })

  it('has nothing that is not checked', () => {
    expect(network.unchecked).toEqual([])
  })
})

describe('the notifier', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../templates/trail/trail.yaml'), 'utf8')
  const template = readSections(text, { name: 'trail', code: 'config-invalid' })
  const stack = resolveStack({ name: 'apigw-trail', template, parameters: { CodeBucket: 'code', CodeKey: 'key' }, place })
  const network = networkOf([...stack.resources.values()])

  it('is outside any VPC, so it reaches Slack and the services of AWS', () => {
    const from = fromWorkload('apigw-trail/Notifier')
    expect(ask(network, from, { kind: 'host', host: 'hooks.slack.com' }, 443)).toMatchObject({ allowed: true })
    for (const service of ['secretsmanager', 'dynamodb']) {
      expect(ask(network, from, { kind: 'service', service }, 443)).toMatchObject({ allowed: true, via: { kind: 'internet' } })
    }
  })
})
