import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomId } from '../../../src/domain/ids.ts'
import type { Status } from '../../../src/domain/report.ts'
import { type Ledger, type MessageQuery, type Owner, ReadBudget } from '../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(async () => {
  expect(dynamo.seen.get('Query')).toBeGreaterThan(0)
  expect([...dynamo.seen.keys()]).not.toContain('Scan')
  await dynamo.stop()
})

const day = 86_400_000
const hour = 3_600_000
const noon = Date.parse('2026-11-23T12:00:00Z')
const newOwner = (): Owner => ({ customer: uniqueName('acme'), environment: 'live' })
const open = (now = noon): Ledger => dynamo.open(() => now)
const hashOf = (name: string): string => name.padEnd(43, '0')

/** Reads all pages. */
async function findAll(ledger: Ledger, owner: Owner, query: MessageQuery, limit = 100): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await ledger.find(owner, query, cursor, limit)
    expect(page.messages.length).toBeLessThanOrEqual(limit)
    found.push(...page.messages.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

interface Sent {
  readonly owner: number
  readonly ref?: string
  readonly to: string
  readonly acceptedAt: number
  readonly ends?: Status
}

const sent: fc.Arbitrary<Sent> = fc.record(
  {
    owner: fc.nat(3),
    ref: fc.constantFrom('r', 'r#1', 'live#r'),
    to: fc.constantFrom('a', 'b'),
    acceptedAt: fc.integer({ min: 0, max: 40 }).map((hours) => noon - hours * hour),
    ends: fc.constantFrom('delivered', 'failed'),
  },
  { requiredKeys: ['owner', 'to', 'acceptedAt'] },
)
const query = fc
  .record(
    {
      ref: fc.constantFrom('r', 'r#1', 'live#r', 'none'),
      to: fc.constantFrom('a', 'b'),
      from: fc.integer({ min: 0, max: 40 }).map((hours) => noon - hours * hour),
      statuses: fc.constantFrom<Status[]>(['queued'], ['delivered'], ['delivered', 'failed']),
    },
    { requiredKeys: [] },
  )
  .filter(({ ref, to, from }) => ref !== undefined || to !== undefined || from !== undefined)

it('finds what the owner sent and nothing else, newest first and each once, whatever the page size', async () => {
  const asked = fc.tuple(
    fc.array(sent, { minLength: 25, maxLength: 40 }),
    fc.array(query, { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 4 }),
  )
  await fc.assert(
    fc.asyncProperty(asked, async ([all, queries, limit]) => {
      const ledger = open()
      const [first, second] = [newOwner(), newOwner()]
      const owners = [first, { ...first, environment: 'test' as const }, second, { ...second, environment: 'test' as const }]
      const messages = all.map((one) => ({ ...one, id: randomId() }))
      for (const [index, owner] of owners.entries()) {
        const own = messages.filter((one) => one.owner === index)
        const notes = own.map(({ id, ref, to, acceptedAt }) => ({
          id,
          at: noon,
          acceptedAt,
          recipientHash: hashOf(to),
          ...(ref !== undefined && { ref }),
        }))
        // A message that SQS delivers again is noted again.
        for (const some of [notes, notes.slice(0, 2)]) await ledger.queued(owner, some)
        const reports = own.flatMap(({ id, ends }) =>
          ends === 'delivered' || ends === 'failed' ? [{ id, status: ends, at: noon }] : [],
        )
        await ledger.append(owner, reports)
      }
      for (const [index, owner] of owners.entries()) {
        for (const { ref, to, from, statuses } of queries) {
          const until = from === undefined ? undefined : from + day
          const found = await findAll(
            ledger,
            owner,
            {
              ...(ref !== undefined && { ref }),
              ...(to !== undefined && { recipients: [hashOf(to), hashOf('older key')] }),
              ...(from !== undefined && until !== undefined && { from, until }),
              ...(statuses !== undefined && { statuses }),
            },
            limit,
          )
          const fitting = messages.filter(
            (one) =>
              one.owner === index &&
              (ref === undefined || one.ref === ref) &&
              (to === undefined || one.to === to) &&
              (from === undefined || until === undefined || (one.acceptedAt >= from && one.acceptedAt < until)) &&
              (statuses === undefined || statuses.includes(one.ends ?? 'queued')),
          )
          expect(found.toSorted()).toEqual(fitting.map(({ id }) => id).sort())
          const times = found.map((id) => fitting.find((one) => one.id === id)?.acceptedAt ?? 0)
          expect(times).toEqual(times.toSorted((a, b) => b - a))
        }
      }
    }),
    { numRuns: 12 },
  )
})

it('finds all messages of an instant after one of them was noted again alone', async () => {
  const ledger = open()
  const owner = newOwner()
  const ids = [randomId(), randomId(), randomId()].sort()
  const notes = ids.map((id) => ({ id, at: noon, acceptedAt: noon, recipientHash: hashOf('a') }))
  await ledger.queued(owner, notes)
  await ledger.queued(owner, notes.slice(-1))
  expect((await findAll(ledger, owner, { from: noon, until: noon + 1 }, 1)).sort()).toEqual(ids)
})

it('finds a message once that was noted again, among others of its instant', async () => {
  const ledger = open()
  const owner = newOwner()
  const notes = Array.from({ length: 30 }, () => ({ id: randomId(), at: noon, acceptedAt: noon })).toSorted((a, b) =>
    a.id < b.id ? 1 : -1,
  )
  // Each group begins with another id, so it is an entry of its own.
  for (let from = 0; from < 5; from++) await ledger.queued(owner, notes.slice(from * 3))
  for (const limit of [1, 4, 29]) {
    expect((await findAll(ledger, owner, { from: noon, until: noon + 1 }, limit)).sort()).toEqual(
      notes.map(({ id }) => id).sort(),
    )
  }
})

it('ends a search of more entries of one instant than a query reads', async () => {
  const ledger = open()
  const owner = newOwner()
  const ids = Array.from({ length: 60 }, () => randomId())
  for (const id of ids) await ledger.queued(owner, [{ id, at: noon, acceptedAt: noon }])
  expect((await findAll(ledger, owner, { from: noon, until: noon + 1 }, 7)).sort()).toEqual(ids.toSorted())
})

it('costs a bounded number of reads a page, however many messages there are and however few fit', async () => {
  const ledger = open()
  const owner = newOwner()
  const ids = Array.from({ length: 800 }, () => randomId())
  await ledger.queued(
    owner,
    ids.map((id, index) => ({ id, at: noon, acceptedAt: noon - (index % 20), ref: 'same', recipientHash: hashOf('a') })),
  )
  const queries: MessageQuery[] = [{ ref: 'same' }, { recipients: [hashOf('a')] }, { from: noon - day, until: noon + 1 }]
  for (const some of queries) {
    for (const statuses of [undefined, ['cancelled'] as const]) {
      const budget = new ReadBudget(24)
      const page = await ledger.find(owner, { ...some, ...(statuses && { statuses }) }, undefined, 100, budget)
      expect(page.messages).toHaveLength(statuses === undefined ? 100 : 0)
      expect(page.cursor).toBeDefined()
    }
    expect((await findAll(ledger, owner, some)).sort()).toEqual(ids.toSorted())
    expect(await findAll(ledger, owner, { ...some, statuses: ['cancelled'] })).toEqual([])
    // With next to nothing left to read, a page still goes forward or says where it stopped.
    const page = await ledger.find(owner, some, undefined, 100, new ReadBudget(2))
    expect(page).toMatchObject({ messages: [], cursor: expect.any(String) })
  }
}, 60_000)

it('forgets entries as it forgets messages: 30 days after a message is due', async () => {
  const owner = newOwner()
  const [id, later] = [randomId(), randomId()]
  await open().queued(owner, [
    { id, at: noon, acceptedAt: noon, ref: 'r' },
    { id: later, at: noon, acceptedAt: noon, ref: 'later', sendAt: noon + 20 * day },
  ])
  expect(await findAll(open(noon + 29 * day), owner, { ref: 'r' })).toEqual([id])
  expect(await findAll(open(noon + 31 * day), owner, { ref: 'r' })).toEqual([])
  expect(await findAll(open(noon + 49 * day), owner, { ref: 'later' })).toEqual([later])
  expect(await findAll(open(noon + 51 * day), owner, { ref: 'later' })).toEqual([])
})

it('keeps what is known of a message, note and outcome apart', async () => {
  const ledger = open()
  const owner = newOwner()
  const [id, failed] = [randomId(), randomId()]
  const facts = { acceptedAt: noon, type: 'lms', purpose: 'ad', units: 3, sendAt: noon + day, queue: 'carrier-a' } as const
  await ledger.queued(owner, [{ id, at: 7, ref: 'r', recipientHash: hashOf('a'), ...facts }])
  await ledger.append(owner, [
    { id, status: 'delivered', at: 9 },
    { id: failed, status: 'rejected', at: 9, code: 'x' },
  ])
  expect(await ledger.message(owner, id)).toEqual({
    id,
    ref: 'r',
    facts,
    noted: { id, status: 'queued', ref: 'r', at: 7 },
    outcome: { id, status: 'delivered', at: 9 },
  })
  expect(await ledger.message(owner, failed)).toMatchObject({ facts: {}, outcome: { status: 'rejected', code: 'x' } })
  expect(await ledger.message({ ...owner, environment: 'test' }, id)).toBeUndefined()
  expect(await ledger.message(owner, randomId())).toBeUndefined()
})

it('refuses a cursor that is none, or is of another search', async () => {
  const ledger = open()
  const owner = newOwner()
  await ledger.queued(
    owner,
    [1, 2, 3].map((at) => ({ id: randomId(), at, ref: 'r' })),
  )
  const { cursor = '' } = await ledger.find(owner, { ref: 'r' }, undefined, 1)
  expect((await ledger.find(owner, { ref: 'r' }, `${cursor}.mac`, 5)).messages).toHaveLength(2)
  const long = Buffer.from(`f1.${'a'.repeat(8)}.0.1.${'9'.repeat(15)}#${'A'.repeat(26)}`).toString('base64url')
  for (const wrong of ['', 'x', 'MS4', long]) {
    await expect(ledger.find(owner, { ref: 'r' }, wrong, 1)).rejects.toMatchObject({ code: 'cursor-invalid' })
  }
  await expect(ledger.find(owner, { ref: 's' }, cursor, 1)).rejects.toMatchObject({ code: 'cursor-invalid' })
})
