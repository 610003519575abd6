import { setTimeout as sleep } from 'node:timers/promises'
import { billDocument } from '../../domain/closed-bill.ts'
import { defaultRoutesDocument, defaultRoutesFrom } from '../../domain/default-routes.ts'
import { nearest } from '../../domain/nearest.ts'
import { apigw } from '../../domain/next-step.ts'
import {
  checkedPrices,
  priceClassesDocument,
  priceClassesFrom,
  priceClassesText,
  priceClassOf,
} from '../../domain/price-classes.ts'
import { Problem } from '../../domain/problem.ts'
import { tokenKeysDocument, tokenKeysFrom } from '../../domain/token-keys.ts'
import { differencesOf, differenceWords } from '../configuration/compare.ts'
import { configured } from '../configuration/configured.ts'
import { configurationOf, revisionOf, withoutSealed } from '../configuration/of-profile.ts'
import { allCustomers, type OperatorRegistry, type Profile, type Registry, type StoredProfile } from '../registry.ts'
import { added, applied, routesWith, routesWithout } from './apply.ts'
import { closedBill } from './bills.ts'
import type { Actor, Change, ConfigurationChange, ProfileChange, SharedChange } from './change.ts'
import { notesName, writtenNotes } from './notes.ts'
import { pricesWords } from './sending.ts'

/** How a change ended. */
export interface Changed {
  /** False if it was changed in the meantime. Only for `writeNotes` and `closeBill`, whose callers read again and decide. */
  readonly done: boolean
  /** The customer as it is now. */
  readonly profile?: Profile
}

/** A change that loses this many races indicates a fault. */
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
    `The customer "${id}" does not exist${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    { next },
  )
}

/** Retries after a random pause, so that concurrent changes do not collide again. */
async function untilDone(what: string, attempt: () => Promise<Changed>): Promise<Changed> {
  for (let round = 0; round < tries; round++) {
    const outcome = await attempt()
    if (outcome.done) return outcome
    await sleep(Math.random() * Math.min(500, 5 * 2 ** round))
  }
  throw new Problem('registry-unavailable', `${what} being changed by others too often.`, { next: 'run the command again' })
}

/** The store that a change is written to: a registry, or a dry run. */
type Store = Pick<Registry, 'now' | 'profile' | 'customers' | 'document' | 'save' | 'remove' | 'saveDocument'>

/**
 * Carries a change out on a store: reads, checks, and writes if nothing changed in between, otherwise again
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
    case 'configureCustomer':
      return untilDone(`"${change.customer}" is`, () => configure(store, change, actor))
    case 'addDefaultRoute':
    case 'removeDefaultRoute':
      return untilDone('The default routes are', () => changeDefaults(store, change, actor))
    case 'setPriceClass':
    case 'removePriceClass':
      return untilDone('The price classes are', () => changePrices(store, change, actor))
    case 'rewrapTokenKeys':
      return untilDone('The keys that sign tokens are', () => rewrapTokens(store, change, actor))
    case 'writeNotes':
      return writeNotes(store, change, actor)
    case 'closeBill':
      return closeBill(store, change, actor)
    default:
      return untilDone(`"${change.customer}" is`, () => changeProfile(store, change, actor))
  }
}

async function add(store: Store, change: Extract<ProfileChange, { kind: 'addCustomer' }>, actor: Actor): Promise<Changed> {
  const { customer } = change
  const now = await store.now()
  const { profile, what } = added(change, now)
  if (await store.save(profile, undefined, { at: now, ...actor, customer, what })) return { done: true, profile }
  throw new Problem('customer-exists', `The customer "${customer}" already exists.`, { next: apigw('customer show', customer) })
}

async function remove(store: Store, customer: string, actor: Actor): Promise<Changed> {
  const { version } = await storedProfile(store, customer)
  const now = await store.now()
  return { done: await store.remove(customer, version, { at: now, ...actor, customer, what: 'customer removed' }) }
}

/** @throws Problem `customer-changed` where the revision differs from that of the plan */
async function configure(store: Store, change: ConfigurationChange, actor: Actor): Promise<Changed> {
  const { customer, expected, configuration } = change
  const stored = await store.profile(customer)
  if (expected !== (stored && revisionOf(stored.profile))) {
    const how = stored === undefined ? 'removed' : expected === undefined ? 'added' : 'changed'
    throw new Problem('customer-changed', `"${customer}" was ${how} in the meantime. It was left as it is.`, {
      next: 'compare again, and decide which of the two is right',
    })
  }
  const now = await store.now()
  const profile = configured(stored?.profile, customer, configuration, now)
  const differences = differencesOf(
    stored && withoutSealed(configurationOf(stored.profile)),
    withoutSealed(configurationOf(profile)),
  )
  if (differences.length === 0) return { done: true, profile }
  const what = `configuration: ${stored === undefined ? 'customer added' : differenceWords(differences)}`
  return { done: await store.save(profile, stored?.version, { at: now, ...actor, customer, what }), profile }
}

async function changeProfile(
  store: Store,
  change: Exclude<ProfileChange, { kind: 'addCustomer' }>,
  actor: Actor,
): Promise<Changed> {
  const { customer } = change
  const { profile: before, version } = await storedProfile(store, customer)
  const now = await store.now()
  const { profile, what } = applied(change, before, now)
  return { done: await store.save(profile, version, { at: now, ...actor, customer, what }), profile }
}

/** Writes a shared document, with its line. */
async function write(store: Store, name: string, text: string, expected: string | undefined, what: string, actor: Actor) {
  const now = await store.now()
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

type PricesChange = Extract<SharedChange, { kind: 'setPriceClass' | 'removePriceClass' }>

async function changePrices(store: Store, change: PricesChange, actor: Actor): Promise<Changed> {
  const stored = await store.document(priceClassesDocument)
  const before = priceClassesFrom(stored?.text)
  const after = change.kind === 'setPriceClass' ? checkedPrices(change.prices) : undefined
  const name = after?.name ?? priceClassOf(before, change.kind === 'removePriceClass' ? change.name : '').name
  const text = priceClassesText(before, name, after)
  const what = `price class ${name}: ${after === undefined ? 'removed' : pricesWords(after)}`
  return write(store, priceClassesDocument, text, stored?.version, what, actor)
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

/** A document that is there stays as it is: the first bill of a month is the bill. */
async function closeBill(store: Store, change: Extract<SharedChange, { kind: 'closeBill' }>, actor: Actor): Promise<Changed> {
  const { customer, month } = change
  await storedProfile(store, customer)
  const { text, what } = closedBill(change, actor, await store.now())
  return write(store, billDocument(customer, month), text, undefined, what, actor)
}
