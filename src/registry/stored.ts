import * as z from 'zod'
import type { IdempotencyRecord, Usage } from '../domain/admission.ts'
import { type Credential, schemes } from '../domain/credential.ts'
import { environments } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import { apis } from '../domain/route.ts'
import { adNightRules, type SendingSettings } from '../domain/sending.ts'
import type { HistoryEntry, Profile } from './registry.ts'

/**
 * Schemas of what a registry stores. The objects are loose: a field written by a newer version survives a change made by
 * this one.
 */

const environment = z.enum(environments)
const [, hmac] = schemes

export const customerSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  state: z.enum(['active', 'suspended']),
  timeZone: z.string(),
  createdAt: z.number(),
})

const quota = z.looseObject({
  rate: z.number().exactOptional(),
  burst: z.number().exactOptional(),
  day: z.number().exactOptional(),
  month: z.number().exactOptional(),
})

const route = z.looseObject({
  api: z.enum(apis).or(z.string()),
  environment,
  targets: z.array(z.looseObject({ queue: z.string(), weight: z.number(), order: z.number() })),
  media: z.looseObject({ maxBytes: z.number(), maxWidth: z.number(), maxHeight: z.number() }).exactOptional(),
})

const commonCredential = {
  customer: z.string(),
  keyId: z.string(),
  environment,
  notBefore: z.number(),
  expiresAt: z.number().exactOptional(),
  revokedAt: z.number().exactOptional(),
  allowIps: z.array(z.looseObject({ from: z.string(), to: z.string(), text: z.string() })).exactOptional(),
  createdAt: z.number(),
}

export const credentialSchema: z.ZodType<Credential> = z.discriminatedUnion('scheme', [
  z.looseObject({ ...commonCredential, scheme: z.enum(schemes).exclude([hmac]), digest: z.string() }),
  z.looseObject({ ...commonCredential, scheme: z.literal(hmac), sealed: z.string() }),
])

const sender = z.looseObject({
  number: z.string(),
  state: z.enum(['pending', 'active']),
  document: z.string().exactOptional(),
  expiresAt: z.number().exactOptional(),
  addedAt: z.number(),
})

const prices = z.looseObject({
  name: z.string(),
  // A type of a later version is kept as it is.
  types: z.record(z.string(), z.number()),
  destinations: z.array(z.looseObject({ prefix: z.string(), factor: z.number() })),
})

export const sendingSchema: z.ZodType<SendingSettings> = z.looseObject({
  from: z.enum(['registered', 'any']).exactOptional(),
  senders: z.array(sender).exactOptional(),
  destinations: z.array(z.string()).exactOptional(),
  adNight: z.enum(adNightRules).exactOptional(),
  prices: prices.exactOptional(),
  originCode: z.string().exactOptional(),
  alimtalkProfiles: z.array(z.string()).exactOptional(),
})

export const profileSchema: z.ZodType<Profile> = z.looseObject({
  customer: customerSchema,
  quotas: z.looseObject({ live: quota.exactOptional(), test: quota.exactOptional() }),
  routes: z.array(route),
  credentials: z.array(credentialSchema),
  sending: sendingSchema.exactOptional(),
})

export const historyEntrySchema: z.ZodType<HistoryEntry> = z.looseObject({
  at: z.number(),
  who: z.string(),
  from: z.string(),
  customer: z.string(),
  what: z.string(),
})

export const usageSchema: z.ZodType<Usage> = z.looseObject({
  tat: z.number(),
  day: z.string(),
  dayUsed: z.number(),
  dayBack: z.number(),
  daySince: z.number(),
  dayEnd: z.number(),
  month: z.string(),
  monthUsed: z.number(),
  monthBack: z.number(),
  monthSince: z.number(),
  monthEnd: z.number(),
  zone: z.string(),
  reconcileAt: z.number(),
})

const claim = z.looseObject({ key: z.string(), fingerprint: z.string(), plan: z.string().exactOptional() })

const idempotencyRecordSchema: z.ZodType<IdempotencyRecord> = z.looseObject({
  fingerprint: z.string(),
  attempt: z.number(),
  leaseUntil: z.number(),
  reservation: z.looseObject({
    id: z.string(),
    customer: z.string(),
    environment,
    units: z.number(),
    day: z.string(),
    month: z.string(),
    rateCost: z.number(),
    admittedAt: z.number(),
    attempt: z.number(),
    idempotency: claim.exactOptional(),
    keyed: z.literal(true).exactOptional(),
  }),
  response: z.string().exactOptional(),
  plan: z.string().exactOptional(),
  unpaid: z.literal(true).exactOptional(),
})

/** A reader of one kind of stored JSON. @throws Problem `registry-corrupt` */
export function readerOf<T>(what: string, schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    try {
      return schema.parse(JSON.parse(text))
    } catch (cause) {
      throw new Problem('registry-corrupt', `The registry holds ${what} that cannot be read.`, {
        next: 'restore a backup of the registry',
        cause,
      })
    }
  }
}

export const countsSchema = z.record(z.string(), z.number())
export const hourCountsSchema = z.looseObject({ hour: z.number(), counts: countsSchema })

export const countsFrom = readerOf('counters of a customer', countsSchema)
export const profileFrom = readerOf('a customer profile', profileSchema)
export const credentialFrom = readerOf('a key', credentialSchema)
export const historyEntryFrom = readerOf('an audit log entry', historyEntrySchema)
export const idempotencyRecordFrom = readerOf('an idempotency record', idempotencyRecordSchema)

/** Reads only the customer of a profile, for lists of many. */
export const customerFrom = (() => {
  const read = readerOf('a customer profile', z.looseObject({ customer: customerSchema }))
  return (text: string) => read(text).customer
})()
