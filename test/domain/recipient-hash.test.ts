import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { recipientHash, recipientKeys } from '../../src/domain/recipient-hash.ts'
import { masterKeysFrom } from '../../src/domain/seal.ts'

const newKey = (): string => randomBytes(32).toString('base64')
const owner = { customer: 'acme', environment: 'live' } as const

it('is the same for a number, and different for another customer, environment, number or key', () => {
  const { current } = recipientKeys(masterKeysFrom(newKey()))
  const { current: otherKey } = recipientKeys(masterKeysFrom(newKey()))
  const digits = fc.stringMatching(/^\+[1-9]\d{6,14}$/)
  fc.assert(
    fc.property(digits, digits, (number, other) => {
      const hash = recipientHash(current, owner, number)
      expect(hash).toMatch(/^[\w-]{43}$/)
      expect(recipientHash(current, { ...owner }, number)).toBe(hash)
      expect(recipientHash(current, owner, other) === hash).toBe(number === other)
      expect(recipientHash(current, { ...owner, customer: 'acme2' }, number)).not.toBe(hash)
      expect(recipientHash(current, { ...owner, environment: 'test' }, number)).not.toBe(hash)
      expect(recipientHash(otherKey, owner, number)).not.toBe(hash)
    }),
  )
})

it('is found under an older master key after a rotation', () => {
  const [older, newer] = [newKey(), newKey()]
  const before = recipientHash(recipientKeys(masterKeysFrom(older)).current, owner, '+821012345678')
  const { current, all } = recipientKeys(masterKeysFrom(`${newer},${older}`))
  const now = all.map((key) => recipientHash(key, owner, '+821012345678'))
  expect(now[0]).toBe(recipientHash(current, owner, '+821012345678'))
  expect(now[1]).toBe(before)
})
