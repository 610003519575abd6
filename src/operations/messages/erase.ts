import type { Carrier } from '../../domain/carrier.ts'
import { asked, type Erasure, isOf, matchOf, watchMs } from '../../domain/erasure.ts'
import { environments } from '../../domain/names.ts'
import { nationalNumber } from '../../domain/phone.ts'
import { Problem } from '../../domain/problem.ts'
import { type RecipientKeys, recipientHash, recipientKeys } from '../../domain/recipient-hash.ts'
import type { Status } from '../../domain/report.ts'
import type { MasterKeys } from '../../domain/seal.ts'
import type { Actor, OperatorRegistry } from '../../registry/index.ts'
import { Eraser } from '../../runtime/erasure/index.ts'
import type { Database, ErasureOwner, HashedNumbers, Ledger, Owner } from '../../runtime/ports/index.ts'
import { cancelFor } from './cancel.ts'

/** Changes of the audit log that are under way at the same time, and reads of the ledger. */
const atOnce = 16
/** Tries to store a request that a worker changes at the same time. */
const tries = 20
const stepRows = 2_000

/** What is to be erased. */
export interface ErasureWish {
  /** E.164. */
  readonly number: string
  /** Absent: of all customers. */
  readonly customer?: string | undefined
  readonly reason: string
  /** Whether messages that are held for their time are cancelled. */
  readonly cancelScheduled: boolean
}

export interface ErasureContext {
  readonly registry: OperatorRegistry
  readonly actor: Actor
  readonly ledger: Ledger
  readonly masterKeys: MasterKeys | undefined
  /** Absent: it is not reachable from here, and a worker does that part. */
  readonly database?: Database | undefined
  readonly carriers: readonly Carrier[]
}

/** What the ledger has of the person. */
interface Known {
  readonly messages: number
  /** Ids of messages that are held. */
  readonly scheduled: readonly { readonly owner: ErasureOwner; readonly id: string }[]
  readonly underWay: number
  readonly optOuts: number
}

export interface ErasurePlan {
  readonly customers: number
  /** Messages that the ledger knows. */
  readonly messages: number
  readonly scheduled: number
  readonly underWay: number
  readonly optOuts: number
  /** Rows in the tables of carriers; absent: the database is not reachable from here. */
  readonly rows?: number
}

export interface ErasureResult {
  /** A keyed hash of the number, by which the audit log names the person. */
  readonly person: string
  readonly state: 'open' | 'done'
  /** Messages that were erased since the first run. */
  readonly messages: number
  readonly waiting: number
  readonly cancelled: number
  /** Opt-outs that are kept as a hash from now on. */
  readonly optOuts: number
  readonly failures: readonly string[]
  /** Milliseconds since 1970: until when it looks again for messages that a queue may still hold. */
  readonly watchedUntil: number
  /** Whether the tables were looked through here. */
  readonly searched: boolean
}

function keysOf(masterKeys: MasterKeys | undefined): RecipientKeys {
  if (masterKeys !== undefined) return recipientKeys(masterKeys)
  throw new Problem('master-key-missing', 'The ledger has no telephone numbers, only hashes with a key of the master key.', {
    next: 'set APIGW_MASTER_KEY_SECRET, or masterKeySecret in apigw.yaml',
  })
}

/** The reason is kept, and the number is not. @throws Problem `input-invalid` */
function checkReason({ reason, number }: ErasureWish): void {
  const digits = reason.replaceAll(/\D/g, '')
  const own = [number, nationalNumber(number)].map((one) => one.replaceAll(/\D/g, ''))
  if (!own.some((one) => digits.includes(one))) return
  throw new Problem('input-invalid', 'The reason has the telephone number in it, and the audit log would keep it.', {
    next: 'name a ticket instead: --reason "ticket 4711"',
  })
}

/** How opt-outs of an owner are found whose number was erased. */
export function hashedNumbers(owner: Owner, masterKeys: MasterKeys): Required<HashedNumbers> {
  const { all, ids } = recipientKeys(masterKeys)
  return { of: (number) => all.map((key) => recipientHash(key, owner, number)), keyIds: ids }
}

async function ownersOf(
  { registry }: ErasureContext,
  { customer, number }: ErasureWish,
  keys: RecipientKeys,
): Promise<ErasureOwner[]> {
  const names = customer === undefined ? (await registry.customers()).map(({ id }) => id) : [customer]
  return names.flatMap((name) =>
    environments.map((environment) => {
      const owner = { customer: name, environment }
      return { ...owner, hashes: keys.all.map((key) => recipientHash(key, owner, number)) }
    }),
  )
}

/** Runs the work for all, some at the same time. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values()
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** The ids of the person's messages of one owner, a page at a time. */
async function* pagesOf({ ledger }: ErasureContext, owner: ErasureOwner, until: number): AsyncGenerator<string[]> {
  for (const hash of owner.hashes) {
    let after: string | undefined
    do {
      const page = await ledger.erasures.entries(owner, hash, until, after)
      if (page.entries.length > 0) yield page.entries.map(({ id }) => id)
      after = page.after
    } while (after !== undefined)
  }
}

async function knownOf(context: ErasureContext, owners: readonly ErasureOwner[], number: string, until: number): Promise<Known> {
  const { ledger } = context
  const scheduled: { owner: ErasureOwner; id: string }[] = []
  let [messages, underWay, optOuts] = [0, 0, 0]
  await each(owners, async (owner) => {
    if ((await ledger.suppressed(owner, [number])).has(number)) optOuts += 1
    for await (const ids of pagesOf(context, owner, until)) {
      const standings = await ledger.standings(owner, ids)
      const having = (status: Status): string[] => ids.filter((id) => standings.get(id)?.status === status)
      messages += ids.length
      underWay += having('queued').length
      scheduled.push(...having('scheduled').map((id) => ({ owner, id })))
    }
  })
  return { messages, scheduled, underWay, optOuts }
}

/** Counts what would be erased. */
export async function planErasure(context: ErasureContext, wish: ErasureWish, now: number): Promise<ErasurePlan> {
  checkReason(wish)
  const owners = await ownersOf(context, wish, keysOf(context.masterKeys))
  const { scheduled, ...known } = await knownOf(context, owners, wish.number, now)
  const rows = context.database && (await countRows(context.database, context.carriers, wish))
  const customers = owners.length / environments.length
  return { customers, ...known, scheduled: scheduled.length, ...(rows !== undefined && { rows }) }
}

async function countRows(database: Database, carriers: readonly Carrier[], { number, customer }: ErasureWish): Promise<number> {
  const match = matchOf(number)
  const search = { isPerson: (written: string) => isOf(match, written), customer, limit: stepRows, write: false }
  let rows = 0
  for (let step = await database.eraseFound(carriers, search, undefined); ; ) {
    rows += step.rows + step.met
    if (step.next === undefined) return rows
    step = await database.eraseFound(carriers, search, step.next)
  }
}

/**
 * Stores the request, or renews one that is open: it covers what was accepted until now.
 * @returns the request and its revision
 */
async function stored(
  { ledger }: ErasureContext,
  { number, customer }: ErasureWish,
  keys: RecipientKeys,
  owners: readonly ErasureOwner[],
  now: number,
): Promise<{ readonly erasure: Erasure; readonly revision: number }> {
  const scope = { customer: customer ?? '*', environment: 'live' } as const
  const ids = keys.all.map((key) => recipientHash(key, scope, number))
  for (let time = 0; time < tries; time++) {
    const found = (await Promise.all(ids.map((id) => ledger.erasures.find(id)))).find((one) => one !== undefined)
    const erasure = asked(found?.value.id ?? ids[0] ?? '', number, customer, now, found?.value)
    // The owners come first: a worker that sees the request finds all of them.
    await ledger.erasures.addOwners(erasure.id, owners)
    if (await ledger.erasures.save(erasure, found?.revision)) return { erasure, revision: (found?.revision ?? 0) + 1 }
  }
  throw new Problem('ledger-unavailable', 'A worker changes this request all the time.', { next: 'run the command again' })
}

/**
 * Erases what is kept of a person: numbers, texts, and the hashes by which messages are found. What is counted stays. Repeating it
 * continues; a process that dies loses nothing, because the request is stored first and a worker continues it.
 * @throws Problem `master-key-missing`, `customer-unknown`, `input-invalid`, `ledger-unavailable`, `database-unavailable`
 */
export async function erasePerson(context: ErasureContext, wish: ErasureWish, now: () => number): Promise<ErasureResult> {
  const { registry, actor, ledger, database, carriers } = context
  checkReason(wish)
  const keys = keysOf(context.masterKeys)
  const owners = await ownersOf(context, wish, keys)
  const scope = { customer: wish.customer ?? '*', environment: 'live' } as const
  const person = recipientHash(keys.current, scope, wish.number)
  const customers = [...new Set(owners.map(({ customer }) => customer))]
  // Nothing is erased that no log says who asked for.
  await each(customers, async (customer) => {
    await registry.change({ kind: 'noteErasure', customer, person, reason: wish.reason }, actor)
  })
  const { erasure, revision } = await stored(context, wish, keys, owners, now())
  const known = await knownOf(context, owners, wish.number, erasure.at)
  let cancelled = 0
  if (wish.cancelScheduled) {
    await each(known.scheduled, async ({ owner: { customer, environment }, id }) => {
      const done = await cancelFor(ledger, { customer, environment }, id).catch((error: unknown) => {
        // It has been handed over in between: it is erased like any other that is under way.
        if (error instanceof Problem && error.code === 'message-released') return undefined
        throw error
      })
      if (done !== undefined) cancelled += 1
    })
  }
  let optOuts = 0
  await each(owners, async ({ hashes, ...owner }) => {
    if (await ledger.eraseSuppression(owner, wish.number, { of: () => hashes, keyIds: keys.ids })) optOuts += 1
  })
  const eraser = database && new Eraser({ ledger, database, carriers, now })
  const looked = await eraser?.request(erasure, revision, () => false)
  // A worker that took it at the same moment has the newest.
  const after = looked ?? (await ledger.erasures.find(erasure.id))?.value ?? (await ledger.erasures.done(erasure.id)) ?? erasure
  return {
    person,
    state: after.doneAt === undefined ? 'open' : 'done',
    messages: after.messages,
    waiting: looked === undefined ? known.underWay + known.scheduled.length - cancelled : after.waiting,
    cancelled,
    optOuts,
    failures: after.failures,
    watchedUntil: after.at + watchMs,
    searched: looked !== undefined,
  }
}
