import * as z from 'zod'
import type { AddressRange } from '../../domain/address.ts'
import type { AdmitRequest, Reservation } from '../../domain/admission.ts'
import { type Credential, schemes } from '../../domain/credential.ts'
import { environments } from '../../domain/names.ts'
import type { Quota } from '../../domain/quota.ts'
import type { Route } from '../../domain/route.ts'
import type { HistoryEntry, Outcome, Profile } from '../../registry/index.ts'

/**
 * What a request may hold. The objects are strict: a field that this function does not know comes from a newer command,
 * and would be lost if it were written without it.
 *
 * Names become keys of Redis, so they hold nothing that means something there.
 */

const text = (most: number) => z.string().min(1).max(most)
const count = z.int().min(0)
/** Milliseconds since 1970. */
const instant = z.int().min(0)
const digest = text(256).regex(/^[\x21-\x7e]+$/)

export const customerId = text(64).regex(/^[a-z][a-z0-9-]*$/)
export const keyId = text(64).regex(/^[A-Za-z0-9_-]+$/)
export const documentName = text(64).regex(/^[a-z][a-z0-9-]*$/)
export const documentText = z.string().max(1_000_000)
export const version = text(64)
export const environment = z.enum(environments)

const addressRange: z.ZodType<AddressRange> = z.strictObject({
  from: text(32).regex(/^[0-9a-f]{32}$/),
  to: text(32).regex(/^[0-9a-f]{32}$/),
  text: text(100),
})

const common = {
  customer: customerId,
  keyId,
  environment,
  notBefore: instant,
  expiresAt: instant.exactOptional(),
  revokedAt: instant.exactOptional(),
  allowIps: z.array(addressRange).max(1_000).exactOptional(),
  createdAt: instant,
}
const [, hmac] = schemes
const credential: z.ZodType<Credential> = z.discriminatedUnion('scheme', [
  z.strictObject({ ...common, scheme: z.enum(schemes).exclude([hmac]), digest: text(64).regex(/^[0-9a-f]+$/) }),
  z.strictObject({ ...common, scheme: z.literal(hmac), sealed: text(1_000) }),
])

const limit = z.number().positive()
const quota: z.ZodType<Quota> = z.strictObject({
  rate: limit.exactOptional(),
  burst: limit.exactOptional(),
  day: limit.exactOptional(),
  month: limit.exactOptional(),
})

const route: z.ZodType<Route> = z.strictObject({
  api: text(40),
  environment,
  targets: z.array(z.strictObject({ queue: text(80), weight: count, order: count })).min(1),
  media: z.strictObject({ maxBytes: count, maxWidth: count, maxHeight: count }).exactOptional(),
})

export const profile: z.ZodType<Profile> = z.strictObject({
  customer: z.strictObject({
    id: customerId,
    name: text(500),
    state: z.enum(['active', 'suspended']),
    timeZone: text(64),
    createdAt: instant,
  }),
  quotas: z.strictObject({ live: quota.exactOptional(), test: quota.exactOptional() }),
  routes: z.array(route).max(100),
  credentials: z.array(credential).max(10_000),
})

/** `who`, `from` and `at` are read and not believed. */
export const entry: z.ZodType<HistoryEntry> = z.strictObject({
  at: z.number(),
  who: z.string(),
  from: z.string(),
  customer: z.string(),
  // A line break would begin a line of its own in the log.
  what: z
    .string()
    .max(2_000)
    .regex(/^\P{Cc}*$/u),
})

const idempotency = z.strictObject({ key: digest, fingerprint: digest, plan: text(20_000).exactOptional() })

export const admitRequest: z.ZodType<AdmitRequest> = z.strictObject({
  reservation: text(64).regex(/^[A-Za-z0-9_-]+$/),
  customer: customerId,
  keyId,
  environment,
  api: text(40).exactOptional(),
  fallback: z.union([z.literal('ask'), z.strictObject({ way: text(10_000) })]).exactOptional(),
  units: count,
  address: z.string().max(32),
  idempotency: idempotency.exactOptional(),
  nonce: z.strictObject({ value: text(128).regex(/^[\x21-\x7e]+$/), rememberMs: z.int().positive() }).exactOptional(),
  recall: z.literal(true).exactOptional(),
  trace: text(10_000).exactOptional(),
})

const windowId = text(10).regex(/^\d{4}-\d{2}(?:-\d{2})?$/)
export const reservation: z.ZodType<Reservation> = z.strictObject({
  id: text(64).regex(/^[A-Za-z0-9_-]+$/),
  customer: customerId,
  environment,
  units: count,
  day: windowId,
  month: windowId,
  rateCost: count,
  admittedAt: instant,
  attempt: z.int().min(1),
  idempotency: idempotency.exactOptional(),
})

export const outcome: z.ZodType<Outcome> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('accepted'),
    response: z.string().max(1_000_000).exactOptional(),
    refund: count.exactOptional(),
  }),
  z.strictObject({ kind: z.enum(['failed', 'abandoned', 'running']) }),
])
