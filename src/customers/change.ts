import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../domain/problem.ts'
import type { MasterKeys } from '../domain/seal.ts'
import type { Profile, Registry, StoredProfile } from '../registry/index.ts'
import { nearest } from './nearest.ts'

/** Who makes a change and from where, for the audit log. */
export interface Actor {
  readonly who: string
  readonly from: string
}

export interface Context {
  readonly registry: Registry
  readonly actor: Actor
  readonly now: () => number
  /** Reads the master keys when they are needed; without any, no HMAC key can be issued. */
  readonly masterKeys?: () => Promise<MasterKeys | undefined>
}

/** A change that loses every race against others a dozen times has met something other than bad luck. */
const tries = 12

/** @throws Problem `customer-unknown`, with the nearest name */
export async function storedProfile(registry: Registry, id: string): Promise<StoredProfile> {
  const stored = await registry.profile(id)
  if (stored !== undefined) return stored
  const known = (await registry.customers()).map((customer) => customer.id)
  const meant = nearest(id, known)
  const next = known.length === 0 ? 'apigw customer add' : 'apigw customer list'
  throw new Problem(
    'customer-unknown',
    `There is no customer "${id}"${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    { next },
  )
}

/**
 * Changes one profile: reads it, lets `change` make the new one, and writes that only if nobody else wrote meanwhile;
 * otherwise again from the start, so that no change of another operator is lost.
 *
 * @param what the change in words, for the audit log
 * @param change throws to leave all as it is
 */
export async function changeProfile(
  context: Context,
  id: string,
  what: string,
  change: (profile: Profile) => Profile,
): Promise<Profile> {
  for (let round = 0; round < tries; round++) {
    const { profile, version } = await storedProfile(context.registry, id)
    const next = change(profile)
    const entry = { at: context.now(), ...context.actor, customer: id, what }
    if (await context.registry.save(next, version, entry)) return next
    // Those that started together would meet again and again: each waits for a time of its own.
    await sleep(Math.random() * Math.min(500, 5 * 2 ** round))
  }
  throw new Problem('registry-unavailable', `"${id}" is being changed by others all the time.`, { next: 'run the command again' })
}
