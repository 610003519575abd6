import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Credential,
  digestOf,
  keyState,
  looksLikeSecret,
  newKeyId,
  newSecret,
  secretMatches,
} from '../../src/domain/credential.ts'
import { messageIdOf, messageIdPattern, randomId } from '../../src/domain/ids.ts'
import { environments } from '../../src/domain/names.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('secrets', () => {
  test.each(environments)('of %s have a recognizable prefix, 43 random characters and a checksum', (environment) => {
    for (let round = 0; round < 200; round++) {
      const secret = newSecret(environment)
      expect(secret).toMatch(new RegExp(`^apigw_${environment}_[0-9A-Za-z]{49}$`))
      const sum = [...secret.slice(-6)].reduce((value, character) => value * 62 + base62.indexOf(character), 0)
      expect(sum).toBe(crc32(secret.slice(0, -6)))
      expect(looksLikeSecret(secret)).toBe(true)
    }
  })

  test('no two are alike, and their characters are spread evenly', () => {
    const secrets = Array.from({ length: 1000 }, () => newSecret('live'))
    expect(new Set(secrets).size).toBe(1000)
    const seen = new Map<string, number>()
    // The first random character has only the bits that remain of 256.
    for (const character of secrets.map((secret) => secret.slice(12, -6)).join('')) {
      seen.set(character, (seen.get(character) ?? 0) + 1)
    }
    expect(seen.size).toBe(62)
    const mean = (1000 * 42) / 62
    for (const count of seen.values()) expect(Math.abs(count - mean)).toBeLessThan(8 * Math.sqrt(mean))
  })

  test('are invalid with any one character changed', () => {
    const secret = newSecret('test')
    for (let position = 0; position < secret.length; position++) {
      for (const character of `${base62}_`) {
        if (character === secret[position]) continue
        expect(looksLikeSecret(secret.slice(0, position) + character + secret.slice(position + 1))).toBe(false)
      }
    }
  })

  test('are not mistaken for anything else', () => {
    const secret = newSecret('live')
    for (const text of ['', secret.slice(1), secret.slice(0, -1), `${secret}0`, ` ${secret}`, `${secret}\n`]) {
      expect(looksLikeSecret(text)).toBe(false)
    }
    fc.assert(fc.property(fc.stringMatching(/^apigw_live_[0-9A-Za-z]{49}$/), (text) => !looksLikeSecret(text)))
  })

  test('match their own digest and no other', () => {
    const secret = newSecret('live')
    expect(digestOf(secret)).toBe(createHash('sha256').update(secret).digest('hex'))
    expect(secretMatches(secret, digestOf(secret))).toBe(true)
    expect(secretMatches(newSecret('live'), digestOf(secret))).toBe(false)
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (other) => !secretMatches(other, digestOf(secret))))
  })
})

test('a key has the state of the given instant', () => {
  const key: Credential = {
    customer: 'acme',
    keyId: 'k',
    scheme: 'basic',
    environment: 'live',
    digest: '',
    notBefore: 100,
    expiresAt: 200,
    createdAt: 0,
  }
  expect([99, 100, 199, 200].map((now) => keyState(key, now))).toEqual(['not yet valid', 'active', 'active', 'expired'])
  expect([99, 150, 200].map((now) => keyState({ ...key, revokedAt: 120 }, now))).toEqual(['revoked', 'revoked', 'revoked'])
})

describe('ids', () => {
  test('are Crockford base 32 of the requested length, and do not repeat', () => {
    const ids = Array.from({ length: 5000 }, () => randomId())
    for (const id of ids) expect(id).toMatch(messageIdPattern)
    expect(new Set(ids).size).toBe(5000)
    expect(newKeyId('test')).toMatch(/^ak_test_[0-9A-HJKMNP-TV-Z]{20}$/)
  })

  const source = fc.record({
    customer: fc.string(),
    environment: fc.constantFrom(...environments),
    idempotencyKey: fc.string({ unit: 'binary' }),
    fingerprint: fc.string(),
    index: fc.nat(),
  })

  test('of messages are equal for equal calls, and differ for different ones', () => {
    fc.assert(
      fc.property(source, source, (one, two) => {
        expect(messageIdOf(one)).toMatch(messageIdPattern)
        expect(messageIdOf({ ...one })).toBe(messageIdOf(one))
        if (JSON.stringify(one) !== JSON.stringify(two)) expect(messageIdOf(one)).not.toBe(messageIdOf(two))
      }),
    )
    const call = { customer: 'a', environment: 'live', idempotencyKey: 'b', fingerprint: 'c', index: 1 }
    // A replay after an update of apigw must get the id that is already in the database.
    expect(messageIdOf(call)).toBe('D0KH2Y3V5Z74YK5CW2S1HP800Z')
    expect(messageIdOf(call)).not.toBe(messageIdOf({ ...call, customer: 'ab', idempotencyKey: '' }))
  })
})
