import * as z from 'zod'
import { schemes } from '../../domain/credential.ts'
import type { Customer } from '../../domain/customer.ts'
import { messageTypes } from '../../domain/message.ts'
import { type Environment, environments } from '../../domain/names.ts'
import { apis } from '../../domain/route.ts'
import { adNightRules, type Sender, type SendingSettings } from '../../domain/sending.ts'
import type { Profile } from '../registry.ts'

/**
 * A customer's configuration as people keep it in a file: everything of a profile, by names instead of in lists, so that nothing can
 * be there twice and no order matters. `satisfies` ties it to what is stored: a field that is added there and not here does not compile.
 *
 * A section that is absent is not managed by the file and stays as it is. One that is present is complete.
 */

type Shape<Field extends string> = { readonly [field in Field]: z.ZodType }

const text = (most: number) => z.string().min(1).max(most)
const instant = z.iso.datetime({ offset: true, error: 'is not a time such as 2027-01-31T00:00:00Z' })
const count = z.number()
const size = z.int().min(1)

const quota = z.strictObject({
  rate: count.exactOptional().meta({ description: 'units per second' }),
  burst: count.exactOptional().meta({ description: 'units allowed at once after a pause (default: the rate)' }),
  day: count.exactOptional().meta({ description: "units per day in the customer's time zone" }),
  month: count.exactOptional().meta({ description: "units per month in the customer's time zone" }),
})

const route = z.strictObject({
  targets: z.array(text(100)).min(1).max(20).meta({ description: 'queues: QUEUE, QUEUE*WEIGHT or QUEUE*WEIGHT@ORDER' }),
  media: z
    .strictObject({ maxBytes: size, maxWidth: size, maxHeight: size })
    .exactOptional()
    .meta({ description: 'what an image may be' }),
})

const routes = z.strictObject(
  Object.fromEntries(apis.map((api) => [api, route.exactOptional()])) as Record<string, z.ZodExactOptional<typeof route>>,
)

/** One entry for each environment. */
function perEnvironment<T extends z.ZodType>(part: T) {
  const fields = { live: part.exactOptional(), test: part.exactOptional() } satisfies Shape<Environment>
  return z.strictObject(fields)
}

const prices = z.strictObject({
  name: text(30),
  types: z.partialRecord(z.enum(messageTypes), count),
  destinations: z.array(z.strictObject({ prefix: text(10), factor: count })).max(1_000),
})

const sending = z.strictObject({
  from: z
    .enum(['registered', 'any'])
    .exactOptional()
    .meta({ description: 'registered: send only from registered senders (default); any: do not check the sender' }),
  destinations: z
    .array(text(10))
    .max(1_000)
    .exactOptional()
    .meta({ description: 'destinations that are allowed, such as "+82" (default)' }),
  adNight: z.enum(adNightRules).exactOptional().meta({ description: 'advertising in Korea from 21:00 to 08:00 (default: hold)' }),
  prices: z
    .union([text(30), prices], 'must be the name of a price class, or its units')
    .exactOptional()
    .meta({ description: 'the name of a price class, or its units as they were copied to the customer' }),
  originCode: text(100).exactOptional().meta({ description: "code by which carriers identify the reseller's customer" }),
  alimtalkProfiles: z.array(text(100)).max(1_000).exactOptional().meta({ description: 'Kakao channels for alimtalk' }),
} satisfies Shape<Exclude<keyof SendingSettings, 'senders'>>)

const sender = z.strictObject({
  state: z.enum(['pending', 'active']).exactOptional().meta({ description: 'pending: cannot be used yet (default: active)' }),
  document: text(300).exactOptional().meta({ description: 'where the proof of ownership is kept' }),
  expiresAt: instant.exactOptional(),
  addedAt: instant.exactOptional().meta({ description: 'written by apigw' }),
} satisfies Shape<Exclude<keyof Sender, 'number'>>)

export const keyIdPattern = /^ak_(live|test)_[0-9A-Z]{20}$/

const key = z.strictObject({
  scheme: z.enum(schemes),
  environment: z.enum(environments),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in 64 hexadecimal digits')
    .exactOptional()
    .meta({ description: 'SHA-256 of the secret; never the secret' }),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'is not 16 hexadecimal digits')
    .exactOptional()
    .meta({ description: 'the first 16 digits of the digest' }),
  sealed: z
    .string()
    .max(2_000)
    .regex(/^v1\.[\w.-]+$/, 'is not a sealed secret')
    .exactOptional()
    .meta({ description: 'an HMAC secret, encrypted under the master key; only with --sealed' }),
  notBefore: instant.exactOptional(),
  expiresAt: instant.exactOptional(),
  revokedAt: instant.exactOptional(),
  allowIps: z.array(text(100)).max(1_000).exactOptional().meta({ description: 'addresses or CIDR ranges (default: any)' }),
  createdAt: instant.exactOptional().meta({ description: 'written by apigw' }),
})

const facts = {
  name: text(500).exactOptional(),
  state: z.enum(['active', 'suspended']).exactOptional(),
  timeZone: text(64).exactOptional().meta({ description: 'IANA time zone in which quotas reset' }),
  createdAt: instant.exactOptional().meta({ description: 'written by apigw' }),
} satisfies Shape<Exclude<keyof Customer, 'id'>>

const sections = {
  quotas: perEnvironment(quota).exactOptional(),
  routes: perEnvironment(routes).exactOptional(),
  sending: sending.exactOptional(),
  credentials: z.record(z.string().regex(keyIdPattern, 'is not a key id'), key).exactOptional(),
} satisfies Shape<Exclude<keyof Profile, 'customer'>>

export const configurationSchema = z.strictObject({
  ...facts,
  quotas: sections.quotas,
  routes: sections.routes,
  sending: sections.sending,
  senders: z
    .record(text(64), sender)
    .exactOptional()
    .meta({ description: 'registered senders by their numbers, in quotation marks' }),
  keys: sections.credentials.meta({ description: 'keys by their ids: digests, never secrets' }),
})

/** A customer's configuration. Instants are ISO 8601. */
export type Configuration = z.infer<typeof configurationSchema>
export type ConfiguredKey = z.infer<typeof key>
export type ConfiguredSender = z.infer<typeof sender>
export type ConfiguredQuota = z.infer<typeof quota>
