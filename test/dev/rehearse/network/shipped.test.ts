import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Network } from '../../../../src/dev/rehearse/network/model.ts'
import { networkOf } from '../../../../src/dev/rehearse/network/network-of.ts'
import { type Answer, reach } from '../../../../src/dev/rehearse/network/reach.ts'
import { resolveStack } from '../../../../src/dev/rehearse/template/resolve.ts'
import { type DeploySettings, engines, fronts, workers } from '../../../../src/domain/stage.ts'
import { readSections } from '../../../../src/operations/cloudformation/index.ts'
import { least, place, variants } from '../stages.ts'
import { connectionsOf, fromWorkload, insideOf, needs, resourcesFor, serviceCalls, sourcesOf, tcp } from './needs.ts'

/** Where a call is refused on purpose: with `egress: none` the operator provides the way out. */
function refusedAt({ egress }: DeploySettings, kind: string, { via }: Answer): string | undefined {
  return kind !== 'outside' && egress === 'none' && via.kind === 'internet' ? 'apigw-prod-network/PrivateRouteTableA' : undefined
}

const image = 'apigw-prod@sha256:0'
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
    network = networkOf(await resourcesFor(settings))
  })

  it('lets each part reach what it needs inside the network, and nothing else', () => {
    const inside = Object.entries(insideOf(settings))
    const found = sourcesOf(network).map(({ name, inVpc }) => {
      const reached = inside.filter(([, { to, port }]) => reach(network, tcp(fromWorkload(name), to, port)).allowed)
      return [inVpc ? name : `${name}, outside`, reached.map(([target]) => target)]
    })
    const own = Object.keys(insideOf(settings))
    const expected = sourcesOf(network).map(({ name, inVpc }) =>
      inVpc
        ? [name, needs[name]?.inside.filter((target) => own.includes(target)) ?? 'missing in this test']
        : [`${name}, outside`, []],
    )
    expect(found).toEqual(expected)
  })

  it('lets each part reach the services that it needs', () => {
    const calls = serviceCalls(network, settings).map((call) => ({ ...call, answer: reach(network, call.question) }))
    const refused = calls.flatMap(({ text, answer }) => (answer.allowed ? [] : [{ text, at: answer.at }]))
    const expected = calls.flatMap(({ text, kind, answer }) => {
      const at = refusedAt(settings, kind, answer)
      return at === undefined ? [] : [{ text, at }]
    })
    expect(refused).toEqual(expected)
  })

  it('lets the internet reach the balancer, if there is one, and nothing else', () => {
    const balancer = { kind: 'workload', id: 'apigw-prod-edge/Balancer' } as const
    const hasBalancer = settings.size !== 'solo' || settings.transition === true
    expect(reach(network, tcp({ kind: 'internet' }, balancer, 443)).allowed).toBe(hasBalancer)
    const others = sourcesOf(network).filter(({ name }) => name !== balancer.id)
    const rest = [
      ...Object.values(insideOf(settings)),
      ...others.map(({ name }) => ({ to: { kind: 'workload', id: name } as const, port: 443 })),
    ]
    // One address, too: a rule may let in a part of the internet.
    for (const from of [{ kind: 'internet' }, { kind: 'internet', address: '198.51.100.1' }] as const) {
      expect(rest.filter(({ to, port }) => reach(network, tcp(from, to, port)).allowed)).toEqual([])
    }
  })

  it('has nothing that is not checked', () => {
    expect(network.unchecked).toEqual([])
  })
})

describe('the network of a stage', () => {
  /** These give nothing to a connection: without an ACL of its own, a subnet has one that lets everything through. */
  const others = ['AWS::EC2::FlowLog', 'AWS::EC2::EIP', 'AWS::EC2::SubnetNetworkAclAssociation']
  /** Calls to NAT, and answers to the balancer, pass by the entries for the internet. */
  const unneeded = ['apigw-prod-network/PublicAclFromInside']

  it('has no rule, route or endpoint that no connection needs', async () => {
    const stages = matrix
      .map(([, settings]) => settings)
      .filter(({ front, worker }) => (front === 'container') === (worker === 'container'))
    const seen = new Map<string, boolean>()
    for (const settings of stages.filter(({ egress }) => egress === 'endpoints' || egress === 'nat')) {
      const resources = await resourcesFor(settings)
      const network = networkOf(resources)
      const open = connectionsOf(network, settings).filter((question) => reach(network, question).allowed)
      for (const resource of resources.filter(({ type }) => type.startsWith('AWS::EC2::') && !others.includes(type))) {
        const name = `${resource.stack}/${resource.logicalId}`
        if (seen.get(name) === true || resource.properties.RuleAction === 'deny') continue
        const rest = networkOf(resources.filter((other) => other !== resource))
        seen.set(
          name,
          open.some((question) => !reach(rest, question).allowed),
        )
      }
    }
    expect([...seen].filter(([, isNeeded]) => !isNeeded).map(([name]) => name)).toEqual(unneeded)
    expect(seen.size).toBeGreaterThan(50)
  })
})

describe('the notifier', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../templates/trail/trail.yaml'), 'utf8')
  const template = readSections(text, { name: 'trail', code: 'config-invalid' })
  const stack = resolveStack({ name: 'apigw-trail', template, parameters: { CodeBucket: 'code', CodeKey: 'key' }, place })
  const network = networkOf([...stack.resources.values()])

  it('is outside any VPC, so it reaches Slack and the services of AWS', () => {
    const from = fromWorkload('apigw-trail/Notifier')
    expect(reach(network, tcp(from, { kind: 'host', host: 'hooks.slack.com' }, 443))).toMatchObject({ allowed: true })
    for (const service of ['secretsmanager', 'dynamodb']) {
      expect(reach(network, tcp(from, { kind: 'service', service }, 443))).toMatchObject({
        allowed: true,
        via: { kind: 'internet' },
      })
    }
  })
})
