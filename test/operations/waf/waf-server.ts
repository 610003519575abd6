import { createServer, type Server } from 'node:http'
import type { Rule } from '@aws-sdk/client-wafv2'
import { onTestFinished } from 'vitest'

type Json = Readonly<Record<string, unknown>>

/** An error in AWS's JSON protocol. */
export interface Failure {
  readonly error: string
  readonly message?: string
  readonly status?: number
}

/** The error page of a proxy. */
export const proxyPage = { page: '<!doctype html><title>Blocked</title>' } as const

interface StoredIpSet {
  readonly Name: string
  readonly Id: string
  readonly ARN: string
  Description?: string
  IPAddressVersion: string
  Addresses: string[]
  token: number
}

export interface WafWorld {
  /** The requests: action and parameters. */
  readonly asked: { readonly action: string; readonly input: Json }[]
  readonly env: Record<string, string>
  readonly sets: Map<string, StoredIpSet>
  acl: Json & { readonly Name: string; readonly Id: string; readonly ARN: string; readonly Rules: Rule[] }
  aclToken: number
  readonly samples: Map<string, Json[]>
  loadBalancers: string[]
  logging: Json | undefined
  /** Called before each response; its result replaces the response. */
  before: (action: string, input: Json) => Failure | Json | undefined | Promise<Failure | Json | undefined>
}

export const region = 'ap-northeast-2'
const account = '123456789012'
const lock: Failure = { error: 'WAFOptimisticLockException', message: 'someone changed the resource', status: 400 }
const absent: Failure = { error: 'WAFNonexistentItemException', message: 'it does not exist', status: 400 }
const cidr = /^(?:\d+\.\d+\.\d+\.\d+\/(?:[1-9]|[12]\d|3[0-2])|[0-9a-f:]+\/[1-9]\d{0,2})$/

const arnOf = (kind: string, name: string) => `arn:aws:wafv2:${region}:${account}:regional/${kind}/${name}/id-${name}`
const visibility = (MetricName: string) => ({ MetricName, SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true })

/** Uncompressed IPv6, as AWS WAF returns it. */
function expanded(address: string): string {
  const [text = '', prefix] = address.split('/')
  if (!text.includes(':')) return address
  const [head = '', tail = ''] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return `${groups.map((group) => group.padStart(4, '0')).join(':')}/${prefix}`
}

/** Rules as templates/stacks/edge.yaml makes them; the one against floods counts here, so that both kinds of rule do. */
export function edgeRules(stage: string): Rule[] {
  const set = (name: string) => ({ IPSetReferenceStatement: { ARN: arnOf('ipset', `apigw-${stage}-${name}`) } })
  const either = (list: string) => ({ OrStatement: { Statements: [set(`${list}-v4`), set(`${list}-v6`)] } })
  return [
    {
      Name: 'allow-list',
      Priority: 0,
      Action: { Allow: {} },
      Statement: either('allow'),
      VisibilityConfig: visibility('allow-list'),
    },
    {
      Name: 'block-list',
      Priority: 1,
      Action: { Block: {} },
      Statement: either('block'),
      VisibilityConfig: visibility('block-list'),
    },
    {
      Name: 'flood',
      Priority: 2,
      Action: { Count: {} },
      Statement: { RateBasedStatement: { Limit: 2000, EvaluationWindowSec: 300, AggregateKeyType: 'IP' } },
      VisibilityConfig: visibility('flood'),
    },
    {
      Name: 'common',
      Priority: 3,
      OverrideAction: { Count: {} },
      Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'AWSManagedRulesCommonRuleSet' } },
      VisibilityConfig: visibility('common'),
    },
  ]
}

function summary({ Name, Id, ARN }: { Name: string; Id: string; ARN: string }): Json {
  return { Name, Id, ARN, LockToken: 'from-a-list' }
}

function updateSet(world: WafWorld, input: Json): Failure | Json {
  const set = world.sets.get(String(input.Name))
  if (set === undefined) return absent
  if (input.LockToken !== String(set.token)) return lock
  const addresses = (input.Addresses as string[]) ?? []
  const bad = addresses.find((one) => !cidr.test(one) || one.includes(':') !== (set.IPAddressVersion === 'IPV6'))
  if (bad !== undefined) return { error: 'WAFInvalidParameterException', message: `INVALID ${bad}`, status: 400 }
  if (addresses.length > 10_000) return { error: 'WAFLimitsExceededException', status: 400 }
  set.Addresses = addresses.map(expanded)
  // As in AWS WAF, an update removes omitted fields.
  set.Description = String(input.Description ?? '')
  set.token++
  return { NextLockToken: String(set.token) }
}

function updateAcl(world: WafWorld, input: Json): Failure | Json {
  if (input.LockToken !== String(world.aclToken)) return lock
  const { Scope: _, LockToken: __, ...rest } = input
  const { Id, ARN, Name, Capacity } = world.acl
  world.acl = { ...rest, Rules: (input.Rules as Rule[]) ?? [], Id, ARN, Name, Capacity }
  world.aclToken++
  return { NextLockToken: String(world.aclToken) }
}

function answer(world: WafWorld, action: string, input: Json): Failure | Json {
  switch (action) {
    case 'ListWebACLs':
      return { WebACLs: [summary(world.acl)] }
    case 'ListIPSets': {
      // One item per page, to test pagination.
      const all = [...world.sets.values()]
      const at = Number(input.NextMarker ?? 0)
      return { IPSets: all.slice(at, at + 1).map(summary), ...(at < all.length && { NextMarker: String(at + 1) }) }
    }
    case 'GetIPSet': {
      const set = world.sets.get(String(input.Name))
      return set === undefined ? absent : { IPSet: set, LockToken: String(set.token) }
    }
    case 'UpdateIPSet':
      return updateSet(world, input)
    case 'GetWebACL':
      return { WebACL: world.acl, LockToken: String(world.aclToken) }
    case 'UpdateWebACL':
      return updateAcl(world, input)
    case 'ListResourcesForWebACL':
      return { ResourceArns: world.loadBalancers }
    case 'GetWebACLForResource':
      return world.loadBalancers.includes(String(input.ResourceArn)) ? { WebACL: world.acl } : {}
    case 'GetLoggingConfiguration':
      return world.logging === undefined ? absent : { LoggingConfiguration: world.logging }
    case 'GetSampledRequests': {
      const found = world.samples.get(String(input.RuleMetricName)) ?? []
      return { SampledRequests: found.slice(0, Number(input.MaxItems)), PopulationSize: found.length * 10 }
    }
    default:
      return { error: 'UnknownOperationException', status: 400 }
  }
}

/** AWS WAF on this machine, with the web ACL of one stage: its JSON protocol, spoken by the real SDK client. */
export async function wafServer(stage = 'prod'): Promise<WafWorld> {
  const name = `apigw-${stage}`
  const sets = ['block-v4', 'block-v6', 'allow-v4', 'allow-v6'].map((suffix): [string, StoredIpSet] => {
    const Name = `${name}-${suffix}`
    const IPAddressVersion = suffix.endsWith('4') ? 'IPV4' : 'IPV6'
    return [
      Name,
      {
        Name,
        Id: `id-${Name}`,
        ARN: arnOf('ipset', Name),
        Description: 'made by a stack',
        IPAddressVersion,
        Addresses: [],
        token: 0,
      },
    ]
  })
  const world: WafWorld = {
    asked: [],
    env: {},
    sets: new Map(sets),
    acl: {
      Name: name,
      Id: `id-${name}`,
      ARN: arnOf('webacl', name),
      Capacity: 712,
      DefaultAction: { Allow: {} },
      VisibilityConfig: visibility(name),
      Description: 'made by a stack',
      Rules: edgeRules(stage),
    },
    aclToken: 0,
    samples: new Map(),
    loadBalancers: [`arn:aws:elasticloadbalancing:${region}:${account}:loadbalancer/app/${name}/1`],
    logging: {
      ResourceArn: arnOf('webacl', name),
      LogDestinationConfigs: [`arn:aws:logs:${region}:${account}:log-group:aws-waf-logs-${name}`],
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }],
    },
    before: () => undefined,
  }
  const server: Server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    request.on('end', async () => {
      const action = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      const input: Json = JSON.parse(text || '{}')
      world.asked.push({ action, input })
      const given = (await world.before(action, input)) ?? answer(world, action, input)
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      if (given === proxyPage) response.writeHead(403, { 'content-type': 'text/html' }).end(proxyPage.page)
      else if ('error' in given) {
        response.statusCode = Number(given.status ?? 400)
        response.end(JSON.stringify({ __type: given.error, Message: given.message ?? String(given.error) }))
      } else response.end(JSON.stringify(given))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  Object.assign(world.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_MAX_ATTEMPTS: '1',
    APIGW_MY_ADDRESS: '198.51.100.99',
  })
  return world
}
