import { describe, expect, test } from 'vitest'
import { durationMs } from '../../../src/domain/duration.ts'
import { claimFrom, claimText } from '../../../src/runtime/agent/claims.ts'
import { decideAnswer } from '../../../src/runtime/agent/decide-answer.ts'
import { messageKey, referenceFrom, referenceOf } from '../../../src/runtime/agent/identity.ts'
import type { JournalBatch } from '../../../src/runtime/agent/journal.ts'

const batch = (rows: number, attempts = 0): JournalBatch => ({
  id: 'b',
  table: 't',
  attempts,
  createdAt: 0,
  messages: Array.from({ length: rows }, (_, at) => ({ key: `${at}`, messageKey: `m${at}`, request: {} })),
})
const refusal = (code: string, retryable = false) =>
  ({ kind: 'refused', status: 400, code, detail: 'why', retryable, retryAfterMs: 7_000 }) as const

describe('an answer of the gateway', () => {
  test('that decides nothing leaves the call open', () => {
    expect(decideAnswer(batch(2), { kind: 'unclear', why: 'no answer in time' }, 1)).toEqual({
      kind: 'repeat',
      why: 'no answer in time',
      retryAfterMs: undefined,
    })
    expect(decideAnswer(batch(2), refusal('idempotency-in-progress', true), 1)).toMatchObject({ kind: 'repeat' })
  })

  test('ends each message by itself: accepted, failed, or ready again where it may pass later', () => {
    const results = [
      { index: 0, status: 'accepted', id: 'ID0' },
      { index: 1, status: 'rejected', code: 'invalid-request', detail: '/to: no number', retryable: false },
      { index: 2, status: 'rejected', code: 'queue-unavailable', detail: 'later', retryable: true },
      { index: 3, status: 'rejected', code: 'a-code-of-tomorrow', detail: 'later', retryable: true },
      { index: 4, status: 'rejected', code: 'another-code-of-tomorrow', detail: 'never', retryable: false },
    ] as const
    const decided = decideAnswer(batch(5), { kind: 'answered', results }, 9)
    expect(decided).toMatchObject({
      kind: 'over',
      outcomes: [
        { key: '0', state: 'accepted', id: 'ID0', at: 9 },
        { key: '1', state: 'failed', code: 'invalid-request' },
        { key: '2', state: 'ready', code: 'queue-unavailable' },
        { key: '3', state: 'ready' },
        { key: '4', state: 'failed', code: 'another-code-of-tomorrow' },
      ],
      held: { code: 'queue-unavailable' },
    })
  })

  test.each([
    'day-quota-exceeded',
    'units-exceed-limit',
    'rate-exceeded',
    'customer-suspended',
    'key-expired',
    'route-missing',
    'not-found',
    'unheard-of',
  ])('that refuses the account (%s) puts all rows back, and fails none', (code) => {
    const decided = decideAnswer(batch(3), refusal(code), 1)
    expect(decided).toMatchObject({ kind: 'over', failures: [], held: { code }, retryAfterMs: 7_000 })
    expect(decided.kind === 'over' && decided.outcomes.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  })

  test('that refuses the account after an attempt without an answer keeps the call: it may have been accepted', () => {
    expect(decideAnswer(batch(3, 1), refusal('customer-suspended'), 1)).toMatchObject({
      kind: 'repeat',
      held: { code: 'customer-suspended' },
    })
  })

  test.each(['invalid-request', 'body-too-large'])('that refuses a whole call for %s splits it', (code) => {
    const decided = decideAnswer(batch(3), refusal(code), 1)
    expect(decided.kind === 'over' && decided.next.map(({ messages }) => messages.map(({ key }) => key))).toEqual([
      ['0', '1'],
      ['2'],
    ])
  })

  test.each(['sender-not-registered', 'destination-not-allowed', 'ad-at-night', 'recipient-suppressed'])(
    'that refuses each row of a call for %s fails them',
    (code) => {
      const decided = decideAnswer(batch(3), refusal(code), 1)
      expect(decided.kind === 'over' && decided.outcomes.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed'])
    },
  )

  test('that refuses a call for a limit puts its rows back, also after an attempt without an answer: the record came first', () => {
    expect(decideAnswer(batch(3, 1), refusal('day-quota-exceeded'), 1)).toMatchObject({
      kind: 'over',
      outcomes: [{ state: 'ready' }, { state: 'ready' }, { state: 'ready' }],
    })
  })

  test('that refuses a call of one row fails the row, unless the limit may be raised', () => {
    expect(decideAnswer(batch(1), refusal('invalid-request'), 1)).toMatchObject({ outcomes: [{ state: 'failed' }] })
    expect(decideAnswer(batch(1), refusal('units-exceed-limit'), 1)).toMatchObject({ outcomes: [{ state: 'ready' }] })
  })
})

describe('what a row is', () => {
  const row = { table: 'em_tran', key: '12', dueAt: '2026-11-23 12:00:00', to: '010', from: '15', text: 'x' }

  test.each(['table', 'key', 'dueAt', 'to', 'from', 'text', 'type', 'subject'] as const)(
    'its %s makes it another message',
    (field) => {
      expect(messageKey({ ...row, [field]: 'other' })).not.toBe(messageKey(row))
    },
  )

  test('a reference names its row, also with dots in the key', () => {
    const key = messageKey(row)
    expect(referenceFrom(referenceOf('em_tran', '2026.11.23-1', key))).toEqual({
      table: 'em_tran',
      key: '2026.11.23-1',
      mark: key.slice(0, 8),
    })
  })

  test('a key that does not fit into a reference is left out', () => {
    const key = messageKey(row)
    expect(referenceOf('em_tran', 'x'.repeat(60), key)).toBe(key)
    expect(referenceOf('em_tran', '한글', key)).toBe(key)
    expect(referenceFrom(key)).toBeUndefined()
  })

  test('a claim reads back as it was written, in 25 characters', () => {
    const text = claimText({ agent: 'a-very-long-name', at: 1_764_000_000_000 })
    expect(text.length).toBeLessThanOrEqual(25)
    expect(claimFrom(`${text}   `)).toEqual({ agent: 'a-very-long-', at: 1_764_000_000_000 })
    expect(claimFrom('someone')).toBeUndefined()
  })
})

test('durations have a unit', () => {
  expect(['90s', '15m', '24h', '3d'].map(durationMs)).toEqual([90_000, 900_000, 86_400_000, 259_200_000])
  expect(['24', '1w', '', '-1h', '1.5h'].map(durationMs)).toEqual([undefined, undefined, undefined, undefined, undefined])
})
