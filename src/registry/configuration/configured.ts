import { defaultTimeZone, timeZone } from '../../domain/calendar.ts'
import type { Customer } from '../../domain/customer.ts'
import { customerId, displayName, environments } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { changedQuota, type Quota } from '../../domain/quota.ts'
import { type Route, route } from '../../domain/route.ts'
import type { Sender, SendingSettings } from '../../domain/sending.ts'
import { checkedReference, maxSenders, senderNumber, sendingAfter } from '../changes/sending.ts'
import type { Profile } from '../registry.ts'
import { configuredKeys } from './keys.ts'
import { instantOf, type Locate } from './locate.ts'
import type { Configuration } from './schema.ts'

function customerOf(before: Customer | undefined, id: string, wish: Configuration, now: number, at: Locate): Customer {
  const created = wish.createdAt === undefined ? undefined : instantOf(wish.createdAt)
  if (before !== undefined && created !== undefined && created !== before.createdAt) {
    at(['createdAt'], () => {
      throw new Problem('input-invalid', 'When a customer was added cannot be changed. Leave the line out.')
    })
  }
  const known = before ?? { id, name: id, state: 'active', timeZone: defaultTimeZone, createdAt: created ?? now }
  const { name, state, timeZone: zone } = wish
  return {
    ...known,
    ...(name !== undefined && { name: at(['name'], () => displayName(name)) }),
    ...(state !== undefined && { state }),
    ...(zone !== undefined && { timeZone: at(['timeZone'], () => timeZone(zone)) }),
  }
}

function quotasOf(before: Profile['quotas'], wish: NonNullable<Configuration['quotas']>, at: Locate): Profile['quotas'] {
  const known = environments.flatMap((environment) => {
    const limits = wish[environment]
    if (limits === undefined) return []
    return [[environment, at(['quotas', environment], () => changedQuota({}, limits))] as const]
  })
  const { live: _, test: __, ...others } = before
  return { ...others, ...(Object.fromEntries(known) as { live?: Quota; test?: Quota }) }
}

function routesOf(before: readonly Route[], wish: NonNullable<Configuration['routes']>, at: Locate): readonly Route[] {
  const made = environments.flatMap((environment) =>
    Object.entries(wish[environment] ?? {}).map(([api, { targets, media }]) =>
      at(['routes', environment, api], () => route(api, environment, targets, media)),
    ),
  )
  const isSame = (a: Route, b: Route): boolean => a.api === b.api && a.environment === b.environment
  const kept = before.flatMap((one) => made.filter((other) => isSame(one, other)))
  return [...kept, ...made.filter((one) => !kept.includes(one))]
}

/** Fields that the file leaves out have their default; those of a later version stay. */
function sendingOf(before: SendingSettings, wish: NonNullable<Configuration['sending']>, at: Locate): SendingSettings {
  const { from, destinations, adNight, prices, originCode, alimtalkProfiles } = wish
  if (typeof prices === 'string') throw new Error('the price class was not looked up')
  const change = {
    from: from ?? null,
    destinations: destinations ?? null,
    adNight: adNight ?? null,
    prices: prices ?? null,
    originCode: originCode ?? null,
    alimtalkProfiles: alimtalkProfiles ?? null,
  }
  return at(['sending'], () => sendingAfter(before, change).sending)
}

function sendersOf(
  before: readonly Sender[],
  wish: NonNullable<Configuration['senders']>,
  now: number,
  at: Locate,
): readonly Sender[] {
  const made = new Map<string, Sender>()
  for (const [text, { state, document, expiresAt, addedAt }] of Object.entries(wish)) {
    at(['senders', text], () => {
      const number = senderNumber(text)
      if (made.has(number)) throw new Problem('sender-invalid', `The sender ${number} is named twice.`)
      const known = before.find((sender) => sender.number === number)
      const { document: _, expiresAt: __, ...others } = known ?? { number, state: 'active', addedAt: now }
      made.set(number, {
        ...others,
        ...(state !== undefined && { state }),
        ...(document !== undefined && { document: checkedReference(document) }),
        ...(expiresAt !== undefined && { expiresAt: instantOf(expiresAt) }),
        ...(addedAt !== undefined && { addedAt: instantOf(addedAt) }),
      })
    })
  }
  if (made.size > maxSenders) {
    at(['senders'], () => {
      throw new Problem('sender-invalid', `A customer has at most ${maxSenders} senders.`)
    })
  }
  const kept = before.flatMap(({ number }) => made.get(number) ?? [])
  return [...kept, ...[...made.values()].filter((sender) => !kept.includes(sender))]
}

/**
 * A profile as a file describes it, checked by the rules of the domain. Sections that the file leaves out stay as they are.
 *
 * @param before absent: a new customer
 * @param now the registry's clock
 * @param at names the field that a check is about
 * @throws Problem where the domain does not allow it
 */
export function configured(
  before: Profile | undefined,
  id: string,
  wish: Configuration,
  now: number,
  at: Locate = (_, check) => check(),
): Profile {
  const known: Omit<Profile, 'customer'> = before ?? { quotas: {}, routes: [], credentials: [] }
  const { sending: settings, ...others } = known
  const customer = customerOf(
    before?.customer,
    at([], () => customerId(id)),
    wish,
    now,
    at,
  )
  const { quotas, routes, sending, senders, keys } = wish
  const chosen = sending === undefined ? settings : sendingOf(settings ?? {}, sending, at)
  const numbers = senders === undefined ? undefined : sendersOf(settings?.senders ?? [], senders, now, at)
  const withSenders = numbers === undefined ? chosen : { ...chosen, senders: numbers }
  return {
    ...others,
    customer,
    quotas: quotas === undefined ? known.quotas : quotasOf(known.quotas, quotas, at),
    routes: routes === undefined ? known.routes : routesOf(known.routes, routes, at),
    credentials: keys === undefined ? known.credentials : configuredKeys(known.credentials, id, keys, now, at),
    ...(withSenders !== undefined && { sending: withSenders }),
  }
}
