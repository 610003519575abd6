import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomId } from '../../../src/domain/ids.ts'
import type { Report } from '../../../src/domain/report.ts'
import { type Ledger, type Owner, ReadBudget } from '../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(async () => {
  // No test above caused a Scan.
  expect(dynamo.seen.get('Query')).toBeGreaterThan(0)
  expect([...dynamo.seen.keys()]).not.toContain('Scan')
  await dynamo.stop()
})

const newOwner = (): Owner => ({ customer: uniqueName('acme'), environment: 'live' })
const report = (more: Partial<Report> = {}): Report => ({ id: randomId(), status: 'delivered', at: 1_000, ...more })
const reports = (count: number): Report[] => Array.from({ length: count }, () => report())
const day = 86_400_000
const noon = Date.parse('2026-11-23T12:00:00Z')

/** Reads all pages after a cursor. */
async function readAll(ledger: Ledger, owner: Owner, cursor?: string, limit = 37) {
  const found: Report[] = []
  for (let at = cursor; ; ) {
    const page = await ledger.reports(owner, at, limit)
    expect(page.reports.length).toBeLessThanOrEqual(limit)
    found.push(...page.reports)
    at = page.cursor
    if (!page.more && page.reports.length === 0) return { found, cursor: at }
  }
}

describe('messages', () => {
  it('are found only by their owner', async () => {
    const ledger = dynamo.open()
    const [owner, other] = [newOwner(), newOwner()]
    const id = randomId()
    await ledger.queued(owner, [{ id, ref: 'r-1', at: 5 }])
    expect((await ledger.standings(owner, [id, randomId()])).get(id)).toEqual({ id, status: 'queued', ref: 'r-1', at: 5 })
    expect((await ledger.standings(other, [id])).size).toBe(0)
    expect((await ledger.standings({ ...owner, environment: 'test' }, [id])).size).toBe(0)
  })

  it('keep their outcome when a late note arrives', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const id = randomId()
    await ledger.append(owner, [report({ id, status: 'failed', code: '4410', at: 9 })])
    await ledger.queued(owner, [{ id, at: 5 }])
    expect((await ledger.standings(owner, [id])).get(id)).toEqual({ id, status: 'failed', code: '4410', at: 9 })
  })

  it('are looked up in groups of a hundred', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const ids = Array.from({ length: 100 }, () => randomId())
    await ledger.queued(
      owner,
      ids.map((id) => ({ id, at: 1 })),
    )
    expect([...(await ledger.standings(owner, ids)).keys()].sort()).toEqual(ids.sort())
  })

  it('are gone after 30 days, even if DynamoDB has not deleted them yet', async () => {
    const owner = newOwner()
    const id = randomId()
    await dynamo.open(() => noon).queued(owner, [{ id, at: noon }])
    expect((await dynamo.open(() => noon + 29 * day).standings(owner, [id])).size).toBe(1)
    expect((await dynamo.open(() => noon + 31 * day).standings(owner, [id])).size).toBe(0)
  })
})

describe('reports', () => {
  it('are read in the order they were written, once, whatever the page size', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const written: Report[] = []
    for (const count of [1, 250, 99, 100, 101]) {
      const some = reports(count)
      written.push(...some)
      await ledger.append(owner, some)
    }
    for (const limit of [1, 100, 500]) expect((await readAll(ledger, owner, undefined, limit)).found).toEqual(written)
  })

  it('are written in few pages, because the pages of an owner are written one after the other', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    await ledger.append(owner, reports(1))
    const written = reports(1_200)
    const before = new Map(dynamo.seen)
    await ledger.append(owner, written)
    const asked = (action: string): number => (dynamo.seen.get(action) ?? 0) - (before.get(action) ?? 0)
    expect(asked('PutItem')).toBe(3)
    expect(asked('BatchWriteItem')).toBeLessThanOrEqual(60)
    const { found } = await readAll(ledger, owner, undefined, 500)
    expect(found.slice(1)).toEqual(written)
    const standings = await ledger.standings(
      owner,
      written.slice(-100).map(({ id }) => id),
    )
    expect(standings.size).toBe(100)
  })

  it('keep the last of two outcomes of a message that arrive together', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const first = report({ status: 'failed' })
    const last = { ...first, status: 'delivered' as const, at: 2_000 }
    await ledger.append(owner, [first, ...reports(600), last])
    expect((await ledger.standings(owner, [first.id])).get(first.id)?.status).toBe('delivered')
  })

  it('resume from a cursor, which reveals nothing to a different owner', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    await ledger.append(owner, reports(3))
    const { cursor } = await readAll(ledger, owner)
    const later = reports(2)
    await ledger.append(owner, later)
    expect((await readAll(ledger, owner, cursor)).found).toEqual(later)
    expect((await readAll(ledger, newOwner(), cursor)).found).toEqual([])
  })

  it('are missed by no reader while several writers write at once', async () => {
    const owner = newOwner()
    const writers = Array.from({ length: 4 }, () => dynamo.open())
    const written = writers.map(() => Array.from({ length: 8 }, () => reports(5)))
    let writing = true
    const reader = (async () => {
      const ledger = dynamo.open()
      const found: Report[] = []
      let cursor: string | undefined
      for (let last = false; !last; ) {
        last = !writing
        const some = await readAll(ledger, owner, cursor)
        found.push(...some.found)
        cursor = some.cursor
      }
      return found
    })()
    await Promise.all(
      writers.map(async (ledger, at) => {
        for (const some of written[at] ?? []) await ledger.append(owner, some)
      }),
    )
    writing = false
    const ids = (all: readonly Report[]) => all.map(({ id }) => id).sort()
    expect(ids(await reader)).toEqual(ids(written.flat(2)))
  })

  it('continue across days, even when the clocks of the writers disagree about the day', async () => {
    const owner = newOwner()
    const clock = { ahead: noon, behind: noon }
    const [ahead, behind] = [dynamo.open(() => clock.ahead), dynamo.open(() => clock.behind)]
    const written: Report[] = []
    const write = async (ledger: Ledger): Promise<void> => {
      const some = reports(3)
      written.push(...some)
      await ledger.append(owner, some)
    }
    await write(behind)
    clock.ahead = noon + day
    await write(ahead)
    // Its clock says yesterday, but that day is closed: it continues on the day of the other writer.
    await write(behind)
    await write(ahead)
    clock.ahead = noon + 3 * day
    await write(ahead)
    expect((await readAll(ahead, owner)).found).toEqual(written)
  })

  it('are kept for a week, and an older cursor resumes with the oldest that is left', async () => {
    const owner = newOwner()
    const clock = { now: noon }
    const ledger = dynamo.open(() => clock.now)
    await ledger.append(owner, reports(2))
    const old = await ledger.reports(owner, undefined, 1)
    clock.now += 6 * day
    const later = reports(2)
    await ledger.append(owner, later)
    clock.now += 3 * day
    expect((await readAll(ledger, owner, old.cursor)).found).toEqual(later)
    expect((await readAll(ledger, owner)).found).toEqual(later)
  })

  it.each([
    '',
    'x',
    'MS4',
    Buffer.from('1.2026-99-99.1.1').toString('base64url'),
    Buffer.from('2.2026-11-23.1.1').toString('base64url'),
  ])('refuse the cursor "%s"', async (cursor) => {
    await expect(dynamo.open().reports(newOwner(), cursor, 1)).rejects.toMatchObject({ code: 'cursor-invalid' })
  })
})

describe('opt-outs', () => {
  const numbersFrom = (first: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `+8210${first + index}`)

  it('are added once, keep their first note, and are found at once by their owner alone', async () => {
    const ledger = dynamo.open()
    const [owner, other] = [newOwner(), newOwner()]
    const [first = '', second = '', third = ''] = numbersFrom(12345678, 3)
    const note = { number: first, at: 5, source: '080 call', note: 'asked twice' }
    expect([...(await ledger.suppress(owner, [note, { number: second, at: 5 }]))].sort()).toEqual([first, second])
    expect([
      ...(await ledger.suppress(owner, [
        { number: first, at: 9 },
        { number: third, at: 9 },
      ])),
    ]).toEqual([third])
    expect([...(await ledger.suppressed(owner, [second, first, first, '+8210999']))].sort()).toEqual([first, second])
    expect((await ledger.suppressions(owner, undefined, 10)).suppressions[0]).toEqual(note)
    for (const one of [other, { ...owner, environment: 'test' as const }]) {
      expect((await ledger.suppressed(one, [first])).size).toBe(0)
      expect((await ledger.suppressions(one, undefined, 10)).suppressions).toEqual([])
      expect((await ledger.unsuppress(one, [first])).size).toBe(0)
    }
    expect([...(await ledger.unsuppress(owner, [first, first, '+8210999']))]).toEqual([first])
    expect((await ledger.unsuppress(owner, [first])).size).toBe(0)
    expect((await ledger.suppressed(owner, [first])).size).toBe(0)
  })

  it('keep the first of two rows with the same number', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const [number = ''] = numbersFrom(12345678, 1)
    await ledger.suppress(owner, [
      { number, at: 1, source: 'first' },
      { number, at: 2, source: 'second' },
    ])
    expect((await ledger.suppressions(owner, undefined, 10)).suppressions).toEqual([{ number, at: 1, source: 'first' }])
  })

  it('never expire, and are read a hundred a request and listed in pages', async () => {
    const owner = newOwner()
    const numbers = numbersFrom(20000000, 1_000)
    await dynamo
      .open(() => noon)
      .suppress(
        owner,
        numbers.map((number) => ({ number, at: noon })),
      )
    const ledger = dynamo.open(() => noon + 4_000 * day)
    const before = dynamo.seen.get('BatchGetItem') ?? 0
    expect((await ledger.suppressed(owner, numbers)).size).toBe(1_000)
    expect((dynamo.seen.get('BatchGetItem') ?? 0) - before).toBe(10)
    await expect(ledger.suppressed(owner, numbers, new ReadBudget(9))).rejects.toMatchObject({ code: 'ledger-unavailable' })
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await ledger.suppressions(owner, cursor, 500)
      expect(page.suppressions.length).toBeLessThanOrEqual(500)
      found.push(...page.suppressions.map(({ number }) => number))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(found).toEqual(numbers)
  })

  it.each(['', 'x', 'MS4', Buffer.from('s1.x').toString('base64url'), Buffer.from('1.2026-11-23.1.1').toString('base64url')])(
    'refuse the cursor "%s"',
    async (cursor) => {
      await expect(dynamo.open().suppressions(newOwner(), cursor, 1)).rejects.toMatchObject({ code: 'cursor-invalid' })
    },
  )
})

it('fail as unavailable when the ledger does not answer, and the error contains no address', async () => {
  const gone = await startDynamo()
  await gone.stop()
  await expect(gone.open().reports(newOwner(), undefined, 1)).rejects.toMatchObject({
    code: 'ledger-unavailable',
    retryable: true,
  })
})
