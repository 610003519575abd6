import { existsSync } from 'node:fs'
import { defaultRoutesDocument, defaultRoutesFrom } from '../domain/default-routes.ts'
import { environments } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import type { Route } from '../domain/route.ts'
import { openRegistry, type Profile, type Registry } from '../registry/index.ts'
import { openQueue } from '../runtime/ports/index.ts'

/** One thing that was looked at. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to type or do. */
  readonly fix?: string
}

/** Where to look. */
export interface Places {
  readonly registry: string
  readonly registryPassword: string | undefined
  readonly gateway: string
  readonly sqsEndpoint: string | undefined
  readonly region: string | undefined
  readonly configPath: string | undefined
  readonly stage: string | undefined
}

const answerMs = 3_000
/** More customers than this are counted, not read one by one. */
const mostProfiles = 1_000

function failed(name: string, error: unknown, fix: string): Check {
  if (error instanceof Problem)
    return { name, state: 'fail', detail: error.message, fix: error.next === 'apigw doctor' ? fix : (error.next ?? fix) }
  return { name, state: 'fail', detail: error instanceof Error ? error.message : String(error), fix }
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > 22 || (major === 22 && minor >= 18)
  const detail = `Node ${process.versions.node}`
  return enough
    ? { name: 'node', state: 'ok', detail }
    : { name: 'node', state: 'fail', detail, fix: 'install Node 22.18 or later' }
}

function checkConfig({ configPath, stage }: Places): Check {
  if (configPath !== undefined) return { name: 'config', state: 'ok', detail: `${configPath}, stage ${stage}` }
  return { name: 'config', state: 'warn', detail: 'no apigw.yaml here: local defaults are used', fix: 'apigw init' }
}

/** What keeps an active customer from sending. */
function obstacles({ customer, quotas, routes, credentials }: Profile, defaults: readonly Route[]): Check[] {
  if (customer.state !== 'active') return []
  const found: Check[] = []
  const name = `customer ${customer.id}`
  const now = Date.now()
  const working = credentials.filter((key) => key.revokedAt === undefined && (key.expiresAt ?? Number.POSITIVE_INFINITY) > now)
  if (working.length === 0)
    found.push({ name, state: 'warn', detail: 'has no key that works', fix: `apigw key issue ${customer.id}` })
  for (const environment of environments.filter((one) => working.some((key) => key.environment === one))) {
    if (quotas[environment] === undefined) {
      found.push({
        name,
        state: 'warn',
        detail: `has a ${environment} key and no quota`,
        fix: `apigw quota set ${customer.id} --env ${environment} --day N`,
      })
    }
    if (![...routes, ...defaults].some((route) => route.environment === environment)) {
      found.push({
        name,
        state: 'warn',
        detail: `has a ${environment} key and no route`,
        fix: `apigw route set ${customer.id} --env ${environment} --queue QUEUE`,
      })
    }
  }
  return found
}

async function checkRegistry(registry: Registry): Promise<{ checks: Check[]; routes: Route[] }> {
  const { engine, version, warnings } = await registry.health()
  const checks: Check[] = [{ name: 'registry', state: 'ok', detail: `${registry.address} (${engine} ${version})` }]
  for (const { what, fix } of warnings) checks.push({ name: 'registry', state: 'warn', detail: what, fix })
  const customers = await registry.customers()
  const stored = await Promise.all(customers.slice(0, mostProfiles).map(({ id }) => registry.profile(id)))
  const profiles = stored.flatMap((one) => (one === undefined ? [] : [one.profile]))
  checks.push({
    name: 'customers',
    state: 'ok',
    detail: `${customers.length}`,
    ...(customers.length === 0 && { fix: 'apigw customer add' }),
  })
  const defaults = defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
  const found = profiles.flatMap((profile) => obstacles(profile, defaults))
  return { checks: [...checks, ...found], routes: [...profiles.flatMap((profile) => profile.routes), ...defaults] }
}

async function checkGateway(gateway: string): Promise<Check> {
  const fix = 'start it: apigw dev'
  const { origin } = new URL(gateway)
  try {
    const { ok, status } = await fetch(new URL('/readyz', gateway), { signal: AbortSignal.timeout(answerMs) })
    if (ok) return { name: 'gateway', state: 'ok', detail: origin }
    return {
      name: 'gateway',
      state: 'fail',
      detail: `${origin} answers ${status}: it cannot reach its registry, or is stopping`,
      fix: "look at the gateway's log",
    }
  } catch {
    return { name: 'gateway', state: 'fail', detail: `${origin} does not answer`, fix }
  }
}

async function checkQueues({ sqsEndpoint, region }: Places, routes: readonly Route[]): Promise<Check[]> {
  const names = [...new Set(routes.flatMap((route) => route.targets.map((target) => target.queue)))].sort()
  if (names.length === 0) return []
  if (sqsEndpoint === undefined && region === undefined) {
    return [
      {
        name: 'queues',
        state: 'warn',
        detail: 'no region and no SQS endpoint is set, so they were not looked at',
        fix: 'set region in apigw.yaml',
      },
    ]
  }
  const queue = openQueue({ endpoint: sqsEndpoint, region })
  try {
    return await Promise.all(
      names.map(async (name): Promise<Check> => {
        try {
          const { visible, inFlight } = await queue.state(name)
          return { name: `queue ${name}`, state: 'ok', detail: `${visible} waiting, ${inFlight} in flight` }
        } catch (error) {
          return failed(`queue ${name}`, error, 'create the queue, or change the routes that use it')
        }
      }),
    )
  } finally {
    queue.close()
  }
}

/** The file of a registry that is still to be made. Opening it would make it, and looking changes nothing. */
function unmadeFile(address: string): string | undefined {
  const path = address.startsWith('sqlite:') ? address.slice('sqlite:'.length) : ''
  return path === '' || existsSync(path) ? undefined : path
}

/** Looks at everything that a call passes through. It changes nothing. */
export async function examine(places: Places): Promise<Check[]> {
  const checks = [checkNode(), checkConfig(places)]
  let routes: Route[] = []
  const unmade = unmadeFile(places.registry)
  if (unmade !== undefined) {
    const detail = `${unmade} is not there yet: the first customer makes it`
    checks.push({ name: 'registry', state: 'warn', detail, fix: 'apigw customer add' })
    return [...checks, await checkGateway(places.gateway)]
  }
  try {
    const registry = await openRegistry(places.registry, { password: places.registryPassword })
    try {
      const found = await checkRegistry(registry)
      routes = found.routes
      checks.push(...found.checks)
    } finally {
      await registry.close()
    }
  } catch (error) {
    checks.push(failed('registry', error, 'start it, or correct its address: --registry, APIGW_REGISTRY or apigw.yaml'))
  }
  return [...checks, await checkGateway(places.gateway), ...(await checkQueues(places, routes))]
}
