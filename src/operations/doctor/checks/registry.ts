import { existsSync } from 'node:fs'
import { defaultRoutesDocument, defaultRoutesFrom } from '../../../domain/default-routes.ts'
import { apigw } from '../../../domain/next-step.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Route } from '../../../domain/route.ts'
import {
  type Freeze,
  fixOf,
  freezeFrom,
  frozenDocument,
  type OperatorRegistry,
  openOperatorRegistry,
} from '../../../registry/index.ts'
import { type Check, failed, type Places } from '../check.ts'
import { clockCheck } from './clock.ts'
import { sendingBlockers } from './customers.ts'

/** The maximum number of customer profiles to read; further customers are only counted. */
const maxProfiles = 1_000

/** The checks of the registry, and its routes. */
export interface RegistryFindings {
  readonly checks: readonly Check[]
  readonly routes: readonly Route[]
  /** The state of each customer; absent: they could not be read. */
  readonly states?: ReadonlyMap<string, string>
}

async function checkHealth(registry: OperatorRegistry): Promise<Check[]> {
  // What keeps the document from being read is among the aspects.
  const document = registry.document(frozenDocument).catch(() => undefined)
  const { engine, version, aspects } = await registry.health()
  const detail = `${registry.address} (${engine} ${version})`
  const frozen = (await document)?.text
  return [
    { name: 'registry', state: 'ok', detail },
    ...(frozen === undefined ? [] : [frozenCheck(registry.address, freezeFrom(frozen))]),
    ...aspects.map(({ about, what, fix, severe }): Check => {
      const name = `registry ${about}`
      if (fix === undefined) return { name, state: 'ok', detail: what }
      return { name, state: severe ? 'fail' : 'warn', detail: what, fix }
    }),
  ]
}

/** A registry that was moved refuses every call, so that no gateway that was forgotten admits calls there. */
function frozenCheck(address: string, { to, complete }: Freeze): Check {
  const name = 'registry frozen'
  if (complete) {
    return { name, state: 'fail', detail: `it was moved to ${to}, and refuses every call`, fix: `use ${to}` }
  }
  const detail = `it is being copied to ${to}, and refuses every call`
  return { name, state: 'fail', detail, fix: apigw('registry copy', '--from', address, '--to', to) }
}

/** Quotas and keys use the registry's clock. A SQLite file uses the local clock. */
async function checkClock(registry: OperatorRegistry): Promise<Check[]> {
  if (registry.address.startsWith('sqlite:')) return []
  return [await clockCheck('clock', "the registry's", () => registry.now())]
}

async function checkCustomers(registry: OperatorRegistry): Promise<RegistryFindings> {
  const customers = await registry.customers()
  const stored = await Promise.all(customers.slice(0, maxProfiles).map(({ id }) => registry.profile(id)))
  const profiles = stored.flatMap((one) => (one === undefined ? [] : [one.profile]))
  const count: Check = {
    name: 'customers',
    state: 'ok',
    detail: `${customers.length}`,
    ...(customers.length === 0 && { fix: apigw('customer add') }),
  }
  const defaults = defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
  const found = profiles.flatMap((profile) => sendingBlockers(profile, defaults))
  return {
    checks: [count, ...found],
    routes: [...profiles.flatMap((profile) => profile.routes), ...defaults],
    states: new Map(customers.map(({ id, state }) => [id, state])),
  }
}

/** The path of a SQLite file that does not exist. Opening it would create it, and a check must not change anything. */
function missingFile(address: string): string | undefined {
  const path = address.startsWith('sqlite:') ? address.slice('sqlite:'.length) : ''
  return path === '' || existsSync(path) ? undefined : path
}

function fixFor({ registry, stage, region }: Places): string {
  const usual = 'start it, or fix its address: --registry, APIGW_REGISTRY or apigw.yaml'
  if (!registry.startsWith('rediss:') || stage === undefined) return usual
  return `from outside its network, set the registry of the stage to lambda:apigw-${stage}-admin@${region ?? 'REGION'}; or ${usual}`
}

export async function checkRegistry(places: Places): Promise<RegistryFindings> {
  const unmade = missingFile(places.registry)
  if (unmade !== undefined) {
    const detail = `${unmade} does not exist yet; adding the first customer creates it`
    return { checks: [{ name: 'registry', state: 'warn', detail, fix: apigw('customer add') }], routes: [] }
  }
  try {
    const registry = await openOperatorRegistry(places.registry, { password: places.registryPassword, region: places.region })
    try {
      const health = await checkHealth(registry)
      // If part of a cluster is down, the health checks explain the error.
      const partly =
        (name: string) =>
        (error: unknown): RegistryFindings => ({
          checks: [failed(name, error, fixFor(places))],
          routes: [],
        })
      const [clock, customers] = await Promise.all([
        checkClock(registry).catch((error) => partly('clock')(error).checks),
        checkCustomers(registry).catch(partly('customers')),
      ])
      return { ...customers, checks: [...health, ...clock, ...customers.checks] }
    } finally {
      await registry.close()
    }
  } catch (error) {
    const known = error instanceof Problem ? fixOf(error.extensions?.reason) : undefined
    return { checks: [failed('registry', error, known ?? fixFor(places))], routes: [] }
  }
}
