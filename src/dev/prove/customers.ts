import { reconcileAfterMs } from '../../domain/admission.ts'
import { Problem } from '../../domain/problem.ts'
import { addCustomer } from '../../operations/customers/index.ts'
import type { Profile } from '../../registry/index.ts'
import { payDebts, reconcile } from '../../runtime/gateway/index.ts'
import type { Ledger } from '../../runtime/ports/index.ts'
import { insist } from './patience.ts'
import { openStore, withRegistry } from './registry.ts'

/** What a customer of the proof is for. */
export const roles = {
  /** Sends with Idempotency-Keys, and makes a call again until it is answered. */
  keyed: 'keyed',
  /** Sends without, and makes each call once. */
  unkeyed: 'unkeyed',
  /** Advertises at night: its messages are held until 08:00. */
  advertiser: 'advertiser',
  /** Always asks for more than its quota. */
  limited: 'limited',
} as const
export type Role = keyof typeof roles

/** What the limited customer may have. */
export const dayLimit = 50
const plenty = 100_000_000

/** A customer of the proof, and what it signs in with. */
export interface Member {
  readonly id: string
  readonly authorization: string
  readonly profile: Profile
}

export type Members = Readonly<Record<Role, Member>>

const actor = { who: 'apigw prove', from: 'here' }

/**
 * A time zone in which it is about noon. No day ends during the run, so units can be compared with messages.
 * The sign of these names is the other way round (https://data.iana.org/time-zones/tzdb/etcetera).
 */
export function noonZone(now: number): string {
  const ahead = 12 - new Date(now).getUTCHours()
  return ahead === 0 ? 'Etc/UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`
}

async function add(address: string, role: Role, queue: string, signal: AbortSignal): Promise<Member> {
  let round = 0
  return insist('add a customer', signal, () => {
    // The answer to the first try may have been lost, and its secret with it: each try adds another.
    round += 1
    const id = round === 1 ? role : `${role}-${round}`
    return withRegistry(address, async (registry) => {
      const context = { registry, actor, now: Date.now }
      const quota = { day: role === 'limited' ? dayLimit : plenty }
      const { profile: added, keys } = await addCustomer(context, {
        id,
        quota,
        queue,
        senders: ['1588-1234'],
        keysFor: ['live'],
        timeZone: noonZone(Date.now()),
      })
      // Its advertisements are due when they say, whatever the time is where the proof runs.
      const change = { kind: 'setCustomer', customer: id, change: {}, sending: { adNight: 'consent' } } as const
      const profile = role === 'keyed' ? ((await registry.change(change, actor)).profile ?? added) : added
      return { id, profile, authorization: `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}` }
    })
  })
}

export async function addMembers(address: string, queue: string, signal: AbortSignal): Promise<Members> {
  return {
    keyed: await add(address, 'keyed', queue, signal),
    unkeyed: await add(address, 'unkeyed', queue, signal),
    advertiser: await add(address, 'advertiser', queue, signal),
    limited: await add(address, 'limited', queue, signal),
  }
}

/** Puts the customers back into a registry that has forgotten everything. */
export async function restoreMembers(address: string, members: Members, signal: AbortSignal): Promise<void> {
  for (const { profile } of Object.values(members)) {
    await insist('put a customer back', signal, () =>
      withRegistry(address, async (registry) => {
        const entry = { at: Date.now(), ...actor, customer: profile.customer.id, what: 'restored' }
        if (await registry.save(profile, undefined, entry)) return
        // An earlier try was done although nothing was said of it.
        if ((await registry.profile(profile.customer.id)) === undefined)
          throw new Problem('registry-unavailable', 'It is not there.')
      }),
    )
  }
}

/** A reservation is looked up in the ledger when no gateway can be at work on it any more; the harness does not wait for that. */
const aheadMs = reconcileAfterMs + 60_000

/**
 * Pays what is owed for cancelled messages, and closes what calls have left open that ended without a word, as a gateway does a quarter of an hour later: by the same code,
 * with a clock that is ahead.
 * @returns units that are still held for such calls
 */
export function reconciled(address: string, ledger: Ledger, customer: string, signal: AbortSignal): Promise<number> {
  return insist('reconcile what is open', signal, async () => {
    const registry = await openStore(address, () => Date.now() + aheadMs)
    try {
      const owner = { customer, environment: 'live' } as const
      await payDebts((repayment) => registry.giveBack(repayment), ledger, owner)
      for (let { count } = await registry.open(customer, 'live'); count > 0; ) {
        await reconcile(registry, ledger, owner)
        const left = await registry.open(customer, 'live')
        if (left.count >= count) return left.units
        count = left.count
      }
      return 0
    } finally {
      await registry.close()
    }
  })
}

/** Units of the day that are taken and were not given back. */
export function unitsTaken(address: string, customer: string, signal: AbortSignal): Promise<number> {
  return insist('read what was spent', signal, () =>
    withRegistry(address, async (registry) => (await registry.usage(customer, 'live')).usage.dayUsed),
  )
}
