import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { customerId, queueName } from '../../src/domain/names.ts'
import { phoneNumber } from '../../src/domain/phone.ts'
import { apiProblem, Problem, type ProblemCode, problemTable } from '../../src/domain/problem.ts'
import { changedQuota, quotaLimit, quotaLimits } from '../../src/domain/quota.ts'
import { route } from '../../src/domain/route.ts'

describe('a limit as it is entered', () => {
  test.each([
    ['day', '1000', 1000],
    ['day', '10_000', 10_000],
    ['rate', '2.5', 2.5],
    ['rate', '0.001', 0.001],
    ['month', '1000000000000', 1e12],
    ['burst', 'none', null],
  ] as const)('%s %s', (limit, text, value) => {
    expect(quotaLimit(limit, text)).toBe(value)
  })

  test.each([
    ['day', '0'],
    ['day', '-5'],
    ['day', '1.5'],
    ['day', '1000000000001'],
    ['day', '9'.repeat(400)],
    ['day', '1e3'],
    ['day', '0x10'],
    ['day', ''],
    ['day', ' 5'],
    ['day', 'NONE'],
    ['day', 'NaN'],
    ['day', '١٠'],
    ['rate', '0.0009'],
    ['rate', '0'],
    ['rate', '.5'],
    ['burst', '2.5'],
  ] as const)('%s %j is refused', (limit, text) => {
    expect(() => quotaLimit(limit, text)).toThrow(expect.objectContaining({ code: 'quota-invalid' }))
  })

  test('any text gives a limit, no limit, or a problem', () => {
    fc.assert(
      fc.property(fc.constantFrom(...quotaLimits), fc.string(), (limit, text) => {
        try {
          const value = quotaLimit(limit, text)
          expect(value === null || (value >= 0.001 && value <= 1e12)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(Problem)
        }
      }),
    )
  })
})

describe('a change of a quota', () => {
  test('sets what is given, removes what is null and keeps the rest', () => {
    expect(changedQuota({ day: 1, month: 2 }, { day: 3 })).toEqual({ day: 3, month: 2 })
    expect(changedQuota({ day: 1, month: 2 }, { day: null })).toEqual({ month: 2 })
    expect(changedQuota({ day: 1 }, {})).toEqual({ day: 1 })
  })

  test('a rate adds a burst of one second, and removing it removes the burst', () => {
    expect(changedQuota({ day: 1 }, { rate: 2.5 })).toEqual({ day: 1, rate: 2.5, burst: 3 })
    expect(changedQuota({ day: 1 }, { rate: 0.1 })).toEqual({ day: 1, rate: 0.1, burst: 1 })
    expect(changedQuota({ day: 1, rate: 2, burst: 9 }, { rate: 4 })).toEqual({ day: 1, rate: 4, burst: 9 })
    expect(changedQuota({ day: 1, rate: 2, burst: 9 }, { burst: null })).toEqual({ day: 1, rate: 2, burst: 2 })
    expect(changedQuota({ day: 1, rate: 2, burst: 9 }, { rate: null })).toEqual({ day: 1 })
  })

  test.each([
    [{}, {}],
    [{}, { rate: 5 }],
    [{ day: 1 }, { day: null }],
    [{ day: 1 }, { burst: 3 }],
    [{ day: 1 }, { day: 0 }],
    [{ day: 1 }, { month: 1.5 }],
    [{ day: 1 }, { rate: Number.NaN }],
    [{ day: 1 }, { day: Number.POSITIVE_INFINITY }],
  ])('%j changed by %j is refused', (before, change) => {
    expect(() => changedQuota(before, change)).toThrow(expect.objectContaining({ code: 'quota-invalid' }))
  })
})

describe('telephone numbers', () => {
  test.each([
    ['010-1234-5678', '+821012345678'],
    ['010 1234 5678', '+821012345678'],
    ['02-123-4567', '+8221234567'],
    ['+82 10 1234 5678', '+821012345678'],
    ['+12025550123', '+12025550123'],
  ])('%s is %s', (text, number) => {
    expect(phoneNumber(text, 'recipient')).toBe(number)
    expect(phoneNumber(text, 'sender')).toBe(number)
  })

  test('a personal number can only be a recipient', () => {
    expect(phoneNumber('0505-1234-5678', 'recipient')).toBe('+8250512345678')
    expect(phoneNumber('0505-1234-5678', 'sender')).toBeUndefined()
  })

  test('a representative number is valid only as a sender', () => {
    expect(phoneNumber('1588-1234', 'sender')).toBe('+8215881234')
    expect(phoneNumber('1588-1234', 'recipient')).toBeUndefined()
  })

  test.each(['', '-', '00012345678', '010', '+0123456789', '+1234567890123456', '010-1234-567x', '٠١٠١٢٣٤٥٦٧٨', '010.1234.5678'])(
    '%j is not a number',
    (text) => {
      expect(phoneNumber(text, 'sender')).toBeUndefined()
    },
  )

  test('every result is E.164, and is read again as itself', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[+0-9 -]{0,20}$/), fc.constantFrom('sender', 'recipient'), (text, role) => {
        const number = phoneNumber(text, role)
        if (number === undefined) return
        expect(number).toMatch(/^\+[1-9]\d{6,14}$/)
        expect(phoneNumber(number, role)).toBe(number)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('names', () => {
  test.each(['ab', 'acme', 'a-1', `a${'b'.repeat(39)}`])('%s is a valid customer id', (id) => {
    expect(customerId(id)).toBe(id)
  })

  test.each(['', 'a', '1a', '-a', 'a-', 'A1', 'a_b', 'a:b', 'a{b}', 'a b', 'a\n', `a${'b'.repeat(40)}`, '가나'])(
    '%j is not a valid customer id',
    (id) => {
      expect(() => customerId(id)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    },
  )

  test('test never reaches a carrier: its queues are the sandbox queues, and no others', () => {
    expect(queueName('sandbox-kt', 'test')).toBe('sandbox-kt')
    expect(queueName('sms', 'live')).toBe('sms')
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/), fc.boolean(), (stem, prefixed) => {
        const queue = prefixed ? `sandbox${stem}` : stem
        const sandbox = queue.startsWith('sandbox')
        const refused = expect.objectContaining({ code: 'route-invalid' })
        expect(() => queueName(queue, sandbox ? 'live' : 'test')).toThrow(refused)
        expect(route('messages', sandbox ? 'test' : 'live', [queue]).targets[0]?.queue).toBe(queue)
      }),
    )
    for (const text of ['', 'a b', 'a.fifo', 'a'.repeat(81), 'https://sqs/x']) {
      expect(() => queueName(text, 'live')).toThrow(expect.objectContaining({ code: 'route-invalid' }))
    }
    expect(() => route('voice', 'live', ['sms'])).toThrow(expect.objectContaining({ code: 'route-invalid' }))
  })
})

describe('problems', () => {
  const entries = Object.entries(problemTable) as [ProblemCode, (typeof problemTable)[ProblemCode]][]

  test.each(entries)('%s has a valid code, exit code and title', (code, entry) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    if (entry.status !== undefined) expect(Math.floor(entry.status / 100)).toSatisfy((family) => family === 4 || family === 5)
    expect([1, 2, 3, 130]).toContain(entry.exit)
    expect(entry.title.length).toBeGreaterThan(10)
    expect(entry.title.endsWith('.')).toBe(false)
    const problem = new Problem(code, 'why', { next: 'do this', retryAfterMs: 5 })
    expect(problem).toMatchObject({ ...entry, code, message: 'why', next: 'do this', retryAfterMs: 5 })
  })

  test('have unique titles', () => {
    expect(new Set(entries.map(([, entry]) => entry.title)).size).toBe(entries.length)
  })

  test('codes of the command line have no HTTP status, and become internal errors', () => {
    const problem = new Problem('stack-busy', 'apigw-prod-data is being changed.')
    expect(problem.status).toBeUndefined()
    expect(apiProblem(problem)).toMatchObject({ code: 'internal-error', status: 500, cause: problem })
    expect(apiProblem(problem).message).not.toContain('apigw-prod-data')
    expect(apiProblem(new Problem('overloaded', 'x'))).toMatchObject({ code: 'overloaded', status: 503 })
  })

  test('retryable codes have a status that clients retry', () => {
    for (const [, { status, retryable }] of entries)
      if (retryable && status !== undefined) expect([408, 409, 429, 499, 500, 503]).toContain(status)
  })
})
