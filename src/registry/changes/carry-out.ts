import { setTimeout as sleep } from 'node:timers/promises'
import { defaultRoutesDocument, defaultRoutesFrom } from '../../domain/default-routes.ts'
import { nearest } from '../../domain/nearest.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { tokenKeysDocument, tokenKeysFrom } from '../../domain/token-keys.ts'
import { allCustomers, type OperatorRegistry, type Profile, type Registry, type StoredProfile } from '../registry.ts'
import { added, applied, routesWith, routesWithout } from './apply.ts'
import type { Actor, Change, ProfileChange, SharedChange } from './change.ts'
import { notesName, writtenNotes } from './notes.ts'

/** How a change ended. */
export interface Changed {
  /** False: somebody else changed it first. Only of `writeNotes`, whose caller reads again and decides anew. */
  readonly done: boolean
  /** The customer as it is now. */
  readonly profile?: Profile
}

/** A change that loses every race against others a dozen times has met something other than bad luck. */
const tries = 12

/** @throws Problem `customer-unknown`, with the nearest name */
export async function storedProfile(
  registry: Pick<OperatorRegistry, 'profile' | 'customers'>,
  id: string,
): Promise<StoredProfile> {
  const stored = await registry.profile(id)
  if (stored !== undefined) return stored
  const known = (await registry.customers()).map((customer) => customer.id)
  const meant = nearest(id, known)
  const next = apigw(known.length === 0 ? 'customer add' : 'customer list')
  throw new Problem(
    'customer-unknown',
    `There is no customer "${id}"${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    { next },
  )
}

/** Those that began together would meet again and again: each waits for a time of its own. */
async function untilDone(what: string, attempt: () => Promise<Changed>): Promise<Changed> {
  for (let round = 0; round < tries; round++) {
    const outcome = await attempt()
    if (outcome.done) return outcome
    await sleep(Math.random() * Math.min(500, 5 * 2 ** round))
  }
  throw new Problem('registry-unavailable', `${what} being changed by others all the time.`, { next: 'run the command again' })
}

/** What carrying out writes with: a store itself, or one that only pretends. */
type Store = Pick<Registry, 'usage' | 'profile' | 'customers' | 'document' | 'save' | 'remove' | 'saveDocument'>

/**
 * Carries a change out on a store: reads, checks by the domain, writes if nobody else wrote in between, otherwise again
 * from the start. The line of the audit log is made here, from the change and the registry's clock.
 *
 * @throws Problem what the domain or the store says
 */
export async function carryOut(store: Store, change: Change, actor: Actor): Promise<Changed> {
  switch (change.kind) {
    case 'addCustomer':
      return add(store, change, actor)
    case 'removeCustomer':
      return untilDone(`"${change.customer}" is`, () => remove(store, change.customer, actor))
    case 'addDefaultRoute':
    case 'removeDefaultRoute':
      return untilDone('The default routes are', () => changeDefaults(store, change, actor))
    case 'rewrapTokenKeys':
      return untilDone('The keys that sign tokens are', () => rewrapTokens(store, change, actor))
    case 'writeNotes':
      return writeNotes(store, change, actor)
    default:
      return untilDone(`"${change.customer}" is`, () => changeProfile(store, change, actor))
  }
}

async function add(store: Store, change: Extract<ProfileChange, { kind: 'addCustomer' }>, actor: Actor): Promise<Changed> {
  const { customer } = change
  const { now } = await store.usage(customer, 'live')
  const { profile, what } = added(change, now)
  if (await store.save(profile, undefined, { at: now, ...actor, customer, what })) return { done: true, profile }
  throw new Problem('customer-exists', `There is a customer "${customer}" already.`, { next: apigw('customer show', customer) })
}

async function remove(store: Store, customer: string, actor: Actor): Promise<Changed> {
  const { version } = await storedProfile(store, customer)
  const { now } = await store.usage(customer, 'live')
  return { done: await store.remove(customer, version, { at: now, ...actor, customer, what: 'customer removed' }) }
}

async function changeProfile(
  store: Store,
  change: Exclude<ProfileChange, { kind: 'addCustomer' }>,
  actor: Actor,
): Promise<Changed> {
  const { customer } = change
  const { profile: before, version } = await storedProfile(store, customer)
  const { now } = await store.usage(customer, 'live')
  const { profile, what } = applied(change, before, now)
  return { done: await store.save(profile, version, { at: now, ...actor, customer, what }), profile }
}

/** Writes a shared document, with its line. */
async function write(store: Store, name: string, text: string, expected: string | undefined, what: string, actor: Actor) {
  const { now } = await store.usage(allCustomers, 'live')
  return { done: await store.saveDocument(name, text, expected, { at: now, ...actor, customer: allCustomers, what }) }
}

type DefaultsChange = Extract<SharedChange, { kind: 'addDefaultRoute' | 'removeDefaultRoute' }>

async function changeDefaults(store: Store, change: DefaultsChange, actor: Actor): Promise<Changed> {
  const stored = await store.document(defaultRoutesDocument)
  const before = defaultRoutesFrom(stored?.text)
  const { routes, what } =
    change.kind === 'addDefaultRoute'
      ? routesWith(before, change.route)
      : routesWithout(before, undefined, change.api, change.environment)
  return write(store, defaultRoutesDocument, JSON.stringify(routes), stored?.version, what, actor)
}

async function rewrapTokens(
  store: Store,
  { masterId, keys }: Extract<SharedChange, { kind: 'rewrapTokenKeys' }>,
  actor: Actor,
): Promise<Changed> {
  const stored = await store.document(tokenKeysDocument)
  const fresh = tokenKeysFrom(stored?.text).map((key) => ({ ...key, ...keys.find(({ kid }) => kid === key.kid) }))
  const what = `token keys sealed under master key ${masterId}`
  return write(store, tokenKeysDocument, JSON.stringify(fresh), stored?.version, what, actor)
}

async function writeNotes(store: Store, change: Extract<SharedChange, { kind: 'writeNotes' }>, actor: Actor): Promise<Changed> {
  const { name, expected } = change
  if (!notesName.test(name)) throw new Problem('input-invalid', `"${name}" is not the name of a web ACL's notes.`)
  const stored = await store.document(name)
  if (stored?.version !== expected) return { done: false }
  const { text, what } = writtenNotes(stored?.text, change.text, actor)
  return write(store, name, text, expected, what, actor)
}
