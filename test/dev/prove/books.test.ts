import { describe, expect, test } from 'vitest'
import { booksOf, type Evidence } from '../../../src/dev/prove/books.ts'
import { Sales, SentLog } from '../../../src/dev/prove/log.ts'
import { type CountedUsage, usageWrong } from '../../../src/dev/prove/usage-books.ts'
import { nothingUsed } from '../../../src/domain/usage-lines.ts'

const customer = 'keyed'
const lifeUsage = { accepted: 2, units: 2, ofQuota: 2, unsure: 0 }
const usage: CountedUsage = {
  customer,
  lives: [lifeUsage],
  ended: { ...nothingUsed.ended, delivered: { messages: 2, units: 2 } },
  ledger: new Map([['delivered', 2]]),
  rows: 2,
}

/** Two accepted messages that were written, delivered, reported and charged. */
function evidence(changes: Partial<Evidence> = {}, accept: readonly string[] = ['A', 'B']): Evidence {
  const log = new SentLog()
  const flight = log.begin(customer, accept.length)
  log.end(flight, new Map(accept.map((id) => [id, { customer, ref: `ref-${id}`, refused: false }])))
  return {
    log,
    members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: accept.length, closed: [], usage }],
    rows: accept.map((id) => ({ id, ref: `ref-${id}`, customer })),
    rejected: new Set(),
    reports: new Map(accept.map((id) => [id, new Set(['delivered'])])),
    carrier: new Map(accept.map((id) => [id, 'delivered'])),
    repeated: new Set(),
    planted: [],
    deadLetters: [],
    poison: [],
    oversold: 0,
    ...changes,
  }
}

const row = (id: string, ref = `ref-${id}`) => ({ id, ref, customer })

test('books that balance have no findings, and the sums are right', () => {
  const books = booksOf(evidence())
  expect(books).toMatchObject({ lost: 0, duplicated: 0, oversold: 0, wrong: [] })
  expect(books.balances).toEqual([
    {
      customer,
      day: '2026-11-26',
      accepted: 2,
      outcomes: expect.objectContaining({ delivered: 2, failed: 0, expired: 0, rejected: 0 }),
      open: 0,
      unconfirmed: 0,
      units: 2,
      unitsExpected: [2, 2],
      usage: { accepted: 2, ended: 2 },
    },
  ])
})

/** As `evidence`, and a message C that was cancelled, reported, and whose unit was given back. */
function withCancelled(changes: Partial<Evidence> = {}): Evidence {
  const plain = evidence()
  const reports = new Map([...plain.reports, ['C', new Set(['cancelled'])] as const])
  const { log } = plain
  log.endHeld(log.begin(customer, 1), new Map([['C', { customer, ref: 'ref-C', refused: false }]]), 'cancelled')
  return { ...plain, reports, ...changes }
}

test('a cancelled message is accepted and costs nothing', () => {
  const books = booksOf(withCancelled())
  expect(books).toMatchObject({ lost: 0, wrong: [] })
  expect(books.balances[0]).toMatchObject({
    accepted: 3,
    outcomes: { delivered: 2, cancelled: 1 },
    units: 2,
    unitsExpected: [2, 2],
  })
})

/** As `withCancelled`, with an advertisement that was refused when it was handed over. */
function withTurnedDown(changes: Partial<Evidence> = {}): Evidence {
  const plain = evidence()
  const reports = new Map([...plain.reports, ['C', new Set(['failed'])] as const])
  const { log } = plain
  log.endHeld(log.begin(customer, 1), new Map([['C', { customer, ref: 'ref-C', refused: false }]]), 'turned down')
  return { ...plain, reports, ...changes }
}

test('an advertisement that is refused when it is handed over is accepted, fails and costs nothing', () => {
  const books = booksOf(withTurnedDown())
  expect(books).toMatchObject({ lost: 0, wrong: [] })
  expect(books.balances[0]).toMatchObject({ accepted: 3, outcomes: { delivered: 2, failed: 1 }, units: 2, unitsExpected: [2, 2] })
})

test('an advertisement to a recipient who had opted out is found', () => {
  const seen = evidence()
  seen.log.optedOut.add('B')
  expect(booksOf(seen).wrong).toEqual([{ what: expect.stringMatching(/had opted out/), count: 1, ids: ['B'] }])
})

const cases: readonly [string, Evidence, { what: RegExp; count: number; ids: string[] }][] = [
  ['a lost message', evidence({ rows: [row('A')] }), { what: /lost/, count: 1, ids: ['B'] }],
  [
    'a message under two ids',
    evidence({ rows: [row('A'), row('B'), row('C', 'ref-B')] }),
    { what: /more than once/, count: 1, ids: ['C'] },
  ],
  ['a row twice', evidence({ rows: [row('A'), row('B'), row('B')] }), { what: /more than once/, count: 1, ids: ['B'] }],
  [
    'a row that came again after it had been moved',
    evidence({ repeated: new Set(['A']) }),
    { what: /more than once/, count: 1, ids: ['A'] },
  ],
  [
    'a row that is noted as rejected too',
    evidence({
      rejected: new Set(['A']),
      reports: new Map([...'AB'].map((id) => [id, new Set([id === 'A' ? 'rejected' : 'delivered'])])),
    }),
    { what: /more than once/, count: 1, ids: ['A'] },
  ],
  [
    'a message without a report',
    evidence({ reports: new Map([['A', new Set(['delivered'])]]) }),
    { what: /without a report/, count: 1, ids: ['B'] },
  ],
  [
    'reports that disagree',
    evidence({ reports: new Map([...'AB'].map((id) => [id, new Set(['delivered', 'failed'])])) }),
    { what: /say two things/, count: 2, ids: ['A', 'B'] },
  ],
  [
    'a report that contradicts the outcome of the carrier',
    evidence({ carrier: new Map([['A', 'failed']]) }),
    { what: /not what the carrier said/, count: 1, ids: ['A'] },
  ],
  [
    'a report of a message that was never sent',
    evidence({ reports: new Map([...'ABX'].map((id) => [id, new Set(['delivered'])])) }),
    { what: /never sent/, count: 1, ids: ['X'] },
  ],
  ['a row without a call', evidence({ rows: [row('A'), row('B'), row('X')] }), { what: /no call/, count: 1, ids: ['X'] }],
  [
    'a unit without a message',
    evidence({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 5, closed: [], usage }] }),
    { what: /charged and has no message/, count: 3, ids: [] },
  ],
  [
    'a message without a unit',
    evidence({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 1, closed: [], usage }] }),
    { what: /was not charged for/, count: 1, ids: [] },
  ],
  [
    'a good envelope among the dead letters',
    evidence({ deadLetters: ['good', 'bad', 'bad'], poison: ['bad', 'bad'] }),
    { what: /good envelopes/, count: 1, ids: ['good'] },
  ],
  [
    'an unreadable message that is no longer in any queue',
    evidence({ deadLetters: ['bad'], poison: ['bad', 'bad'] }),
    { what: /not in the dead-letter queue/, count: 1, ids: ['bad'] },
  ],
  [
    'an unreadable message in an envelope that is never finished',
    evidence({ planted: [{ id: 'P' }] }),
    { what: /envelope without a report/, count: 1, ids: ['P'] },
  ],
  [
    'a cancelled message that was sent',
    withCancelled({ rows: [row('A'), row('B'), row('C')] }),
    { what: /cancelled and sent/, count: 1, ids: ['C'] },
  ],
  [
    'a cancelled message whose unit was not given back',
    withCancelled({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 3, closed: [], usage }] }),
    { what: /charged and has no message/, count: 1, ids: [] },
  ],
  [
    'a cancelled message whose unit was given back twice',
    withCancelled({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 1, closed: [], usage }] }),
    { what: /was not charged for/, count: 1, ids: [] },
  ],
  [
    'a cancelled message that is reported as delivered',
    withCancelled({ reports: new Map([...'ABC'].map((id) => [id, new Set(['delivered'])])) }),
    { what: /not what the carrier said/, count: 1, ids: ['C'] },
  ],
  [
    'an advertisement that was refused and sent',
    withTurnedDown({ rows: [row('A'), row('B'), row('C')] }),
    { what: /refused when they were handed over/, count: 1, ids: ['C'] },
  ],
  [
    'an advertisement whose unit was given back twice',
    withTurnedDown({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 1, closed: [], usage }] }),
    { what: /was not charged for/, count: 1, ids: [] },
  ],
  ['a sale beyond the quota', evidence({ oversold: 3 }), { what: /beyond the quota/, count: 3, ids: [] }],
]

test.each(cases)('%s is found, with its id, and is the only finding', (_, seen, { what, count, ids }) => {
  expect(booksOf(seen).wrong).toEqual([{ what: expect.stringMatching(what), count, ids }])
})

test('the first ten ids are shown, and all are counted', () => {
  const ids = Array.from({ length: 12 }, (_, at) => `id-${at}`)
  const [wrong] = booksOf(evidence({ rows: [] }, ids)).wrong
  expect(wrong).toEqual({ what: 'accepted messages that are lost', count: 12, ids: ids.slice(0, 10) })
})

test('a sent message whose call got no answer is counted separately, and may be charged or not', () => {
  for (const units of [2, 3]) {
    const seen = evidence({
      rows: [row('A'), row('B'), row('C')],
      members: [{ role: 'unkeyed', id: customer, day: '2026-11-26', units, closed: [], usage }],
    })
    seen.log.unconfirmed.set('ref-C', customer)
    const books = booksOf(seen)
    expect(books.wrong).toEqual([])
    expect(books.balances[0]).toMatchObject({ accepted: 2, unconfirmed: 1, unitsExpected: [2, 3] })
  }
})

test('an unreadable message may be moved to the dead letters more than once', () => {
  expect(booksOf(evidence({ deadLetters: ['bad', 'bad'], poison: ['bad'] })).wrong).toEqual([])
})

test('units from before a loss of the registry count too', () => {
  const closed = [{ units: 7, expected: [6, 8] as const, unconfirmed: 0, usage: lifeUsage }]
  const books = booksOf(evidence({ members: [{ role: 'keyed', id: customer, day: '2026-11-26', units: 2, closed, usage }] }))
  expect(books.wrong).toEqual([])
  expect(books.balances[0]).toMatchObject({ units: 9, unitsExpected: [8, 10] })
})

test('a message that was refused but sent is a finding', () => {
  const seen = evidence({ rows: [row('A'), row('B'), row('C')] })
  seen.log.refused.set('ref-C', customer)
  expect(booksOf(seen).wrong).toEqual([{ what: 'messages that were refused and sent all the same', count: 1, ids: ['C'] }])
})

describe('what the answers account for', () => {
  const accepted = (id: string) => new Map([[id, { customer, ref: id, refused: false }]])

  test('a call in progress when the registry loses its memory may be charged or not', () => {
    const log = new SentLog()
    const before = log.begin(customer, 1)
    log.blur(true)
    const during = log.begin(customer, 1)
    log.blur(false)
    const after = log.begin(customer, 1)
    log.end(before, accepted('A'))
    log.end(during, accepted('B'))
    log.end(after, accepted('C'))
    expect(log.unitsOf(customer)).toEqual({ sure: 1, unsure: 2, again: 0, back: 0, unsureBack: 0 })
  })

  test('a message that is accepted twice is one message', () => {
    const log = new SentLog()
    for (const flight of [log.begin(customer, 1), log.begin(customer, 1)]) log.end(flight, accepted('A'))
    expect(log.unitsOf(customer).sure).toBe(1)
    expect(log.acceptedBy(customer)).toBe(1)
  })

  test('a message that was seen before it was accepted is not awaited', () => {
    const log = new SentLog()
    const flight = log.begin(customer, 1)
    log.saw('A')
    log.end(flight, accepted('A'))
    expect(log.waiting.size).toBe(0)
  })

  test('sales count against the limit between two losses of the registry, and calls that span one count in neither period', () => {
    const sales = new Sales(2)
    for (let times = 0; times < 3; times++) sales.begin()(1)
    const across = sales.begin()
    sales.newLife()
    across(1)
    for (let times = 0; times < 2; times++) sales.begin()(1)
    expect(sales.oversold).toBe(1)
  })
})

test.each([
  ['a unit that only the quota has', { lives: [{ ...lifeUsage, ofQuota: 3 }] }, /units in the usage/],
  ['a message that was not counted', { rows: 3 }, /accepted messages in the usage/],
  ['a message that was counted twice', { lives: [{ ...lifeUsage, accepted: 3 }] }, /accepted messages in the usage/],
  ['an outcome that was counted twice', { ledger: new Map([['delivered', 1]]) }, /delivered messages in the usage/],
  [
    'an outcome that was not counted',
    {
      ledger: new Map([
        ['delivered', 2],
        ['failed', 1],
      ]),
    },
    /failed messages in the usage/,
  ],
  ['an outcome of no known name', { ended: { ...usage.ended, other: { messages: 1, units: 1 } } }, /unknown outcome/],
])('usage that differs is found: %s', (_, changes, what) => {
  expect(usageWrong([usage])).toEqual([])
  expect(usageWrong([{ ...usage, ...changes }])).toEqual([{ what: expect.stringMatching(what), count: 1, ids: [] }])
})

test('usage may differ by the calls that were under way when the registry lost its memory', () => {
  const lives = [
    { ...lifeUsage, unsure: 1 },
    { accepted: 1, units: 1, ofQuota: 1, unsure: 0 },
  ]
  expect(usageWrong([{ ...usage, lives }])).toEqual([])
  expect(usageWrong([{ ...usage, lives, rows: 1 }])).toMatchObject([{ count: 1 }])
})
