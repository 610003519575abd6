import * as z from 'zod'
import { billMonth } from '../domain/closed-bill.ts'
import { schemes } from '../domain/credential.ts'
import { messageTypes } from '../domain/message.ts'
import { customerIdPattern, environments, maxCustomerIdLength } from '../domain/names.ts'
import { adNightRules } from '../domain/sending.ts'
import type { Change } from './changes/change.ts'
import { configurationSchema } from './configuration/schema.ts'

/**
 * The schema of a change on the wire: lengths and formats. The domain checks the meaning. The objects are strict: a field that
 * the function does not know comes from a newer command, and would be lost.
 *
 * Names become Redis keys, so characters with a meaning there are refused.
 */

const text = (maxLength: number) => z.string().min(1).max(maxLength)
/** Milliseconds since 1970. */
const instant = z.int().min(0)

export const customerId = text(maxCustomerIdLength).regex(customerIdPattern)
export const keyId = text(64).regex(/^[A-Za-z0-9_-]+$/)
/** The documents that apigw stores: shared routes and token keys, the notes of a web ACL, and closed bills. */
export const documentName = text(150).regex(/^[a-z][a-z0-9-]*$|^waf:[\w:-]+$|^bill:[a-z0-9-]+:\d{4}-\d{2}$/)
export const environment = z.enum(environments)

const sealed = text(2_000).regex(/^v1\.[\w.-]+$/)
const masterId = text(8).regex(/^[0-9a-f]{8}$/)
const [, hmac] = schemes
const side = z.discriminatedUnion('scheme', [
  z.strictObject({ scheme: z.enum(schemes).exclude([hmac]), digest: text(64).regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ scheme: z.literal(hmac), sealed }),
])
const newKeyId = keyId.regex(/^ak_(?:live|test)_[0-9A-Z]{20}$/)
const key = z.strictObject({
  keyId: newKeyId,
  environment,
  side,
  notBefore: instant.exactOptional(),
  expiresAt: instant.exactOptional(),
  allowIps: z.array(text(100)).max(1_000).exactOptional(),
})
const limit = z.number().nullable().exactOptional()
const quotaChange = z.strictObject({ rate: limit, burst: limit, day: limit, month: limit })
const size = z.int().min(1)
const route = z.strictObject({
  api: text(40),
  environment,
  targets: z.array(text(100)).min(1).max(20),
  media: z.strictObject({ maxBytes: size, maxWidth: size, maxHeight: size }).exactOptional(),
})
const common = { customer: customerId }
const number = text(64)
const sender = z.strictObject({
  state: z.enum(['pending', 'active']).exactOptional(),
  document: text(300).nullable().exactOptional(),
  expiresAt: instant.nullable().exactOptional(),
})
const prices = z.strictObject({
  name: text(30),
  types: z.partialRecord(z.enum(messageTypes), z.number()),
  destinations: z.array(z.strictObject({ prefix: text(10), factor: z.number() })).max(1_000),
})
const sending = z.strictObject({
  from: z.enum(['registered', 'any']).nullable().exactOptional(),
  destinations: z.array(text(10)).max(1_000).nullable().exactOptional(),
  adNight: z.enum(adNightRules).nullable().exactOptional(),
  prices: prices.nullable().exactOptional(),
  originCode: text(100).nullable().exactOptional(),
  alimtalkProfiles: z.array(text(100)).max(1_000).nullable().exactOptional(),
})

export const change: z.ZodType<Change> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('addCustomer'),
    ...common,
    name: text(500).exactOptional(),
    timeZone: text(64).exactOptional(),
    quota: quotaChange.exactOptional(),
    queue: text(80).exactOptional(),
    senders: z.array(number).max(1_000).exactOptional(),
    keys: z.array(key).max(10),
  }),
  z.strictObject({
    kind: z.literal('setCustomer'),
    ...common,
    change: z.strictObject({
      name: text(500).exactOptional(),
      state: z.enum(['active', 'suspended']).exactOptional(),
      timeZone: text(64).exactOptional(),
    }),
    sending: sending.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('removeCustomer'), ...common }),
  z.strictObject({ kind: z.literal('setQuota'), ...common, environment, change: quotaChange }),
  z.strictObject({ kind: z.literal('addSender'), ...common, number, sender }),
  z.strictObject({ kind: z.literal('setSender'), ...common, number, sender }),
  z.strictObject({ kind: z.literal('removeSender'), ...common, number }),
  z.strictObject({ kind: z.literal('addRoute'), ...common, route }),
  z.strictObject({ kind: z.literal('removeRoute'), ...common, api: text(40), environment }),
  z.strictObject({ kind: z.literal('issueKey'), ...common, key }),
  z.strictObject({ kind: z.literal('rotateKey'), ...common, keyId, overlapMs: instant, newKeyId, side }),
  z.strictObject({ kind: z.literal('revokeKey'), ...common, keyId }),
  z.strictObject({
    kind: z.literal('rewrapKeys'),
    ...common,
    masterId,
    keys: z.array(z.strictObject({ keyId, from: sealed, to: sealed })).max(10_000),
  }),
  z.strictObject({ kind: z.literal('noteReading'), ...common, environment, reason: text(1_000) }),
  z.strictObject({ kind: z.literal('noteErasure'), ...common, person: text(64), reason: text(1_000) }),
  z.strictObject({
    kind: z.literal('configureCustomer'),
    ...common,
    expected: text(64).exactOptional(),
    configuration: configurationSchema,
  }),
  z.strictObject({ kind: z.literal('addDefaultRoute'), route }),
  z.strictObject({ kind: z.literal('removeDefaultRoute'), api: text(40), environment }),
  z.strictObject({ kind: z.literal('setPriceClass'), prices }),
  z.strictObject({ kind: z.literal('removePriceClass'), name: text(30) }),
  z.strictObject({
    kind: z.literal('closeBill'),
    ...common,
    month: text(7).regex(billMonth),
    bill: z.string().max(2_000_000),
    reason: text(1_000).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('rewrapTokenKeys'),
    masterId,
    keys: z.array(z.strictObject({ kid: text(64), sealed, mac: text(100) })).max(100),
  }),
  z.strictObject({
    kind: z.literal('writeNotes'),
    name: documentName,
    text: z.string().max(2_000_000),
    expected: text(64).exactOptional(),
  }),
])
