import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Repayment } from '../../../../src/domain/admission.ts'
import { randomId } from '../../../../src/domain/ids.ts'
import { cancelMessage } from '../../../../src/runtime/gateway/messages/cancel.ts'
import { payDebts } from '../../../../src/runtime/gateway/messages/debts.ts'
import type { Asked, Ledger, Owner } from '../../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { uniqueName } from '../../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(async () => {
  expect([...dynamo.seen.keys()]).not.toContain('Scan')
  await dynamo.stop()
})

const newOwner = (): Owner => ({ customer: uniqueName('acme'), environment: 'live' })
const held = { heldUntil: 9_000, units: 3, acceptedAt: 7 }

/** Units as a registry gives them back: once for each message. */
function books() {
  const paid = new Map<string, Repayment>()
  return {
    paid,
    giveBack: async (repayment: Repayment): Promise<boolean> => {
      if (paid.has(repayment.id)) return false
      paid.set(repayment.id, repayment)
      return true
    },
  }
}

async function heldMessage(ledger: Ledger, owner: Owner): Promise<string> {
  const id = randomId()
  await ledger.queued(owner, [{ id, ref: 'r-1', at: 5, ...held }])
  return id
}

const debtsOf = async (ledger: Ledger, owner: Owner) => (await ledger.decisions.owed(owner)).map(({ id }) => id)
const reportsOf = async (ledger: Ledger, owner: Owner) =>
  (await ledger.reports(owner, undefined, 500)).reports.map(({ id, status }) => [id, status])

describe('a message that is held', () => {
  it('is scheduled, and cancelled once: its units come back, and its report', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const id = await heldMessage(ledger, owner)
    const statusOf = async () => (await ledger.standings(owner, [id])).get(id)?.status
    expect(await statusOf()).toBe('scheduled')
    const { paid, giveBack } = books()
    const first = await cancelMessage({ ledger, giveBack }, owner, id)
    expect(first).toMatchObject({ id, ref: 'r-1', status: 'cancelled' })
    expect(await cancelMessage({ ledger, giveBack }, owner, id)).toEqual(first)
    expect(await statusOf()).toBe('cancelled')
    expect([...paid.values()]).toEqual([{ ...owner, id, units: 3, acceptedAt: 7 }])
    expect(await reportsOf(ledger, owner)).toEqual([[id, 'cancelled']])
    expect(await debtsOf(ledger, owner)).toEqual([])
    expect(await ledger.decisions.decide(owner, { id, until: 9_000 }, { kind: 'released' })).toMatchObject({
      kind: 'cancelled',
      open: false,
    })
  })

  it('is not cancelled once it is released, and its units stay taken', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const id = await heldMessage(ledger, owner)
    const { paid, giveBack } = books()
    await ledger.decisions.decide(owner, { id, until: 9_000 }, { kind: 'released' })
    expect((await ledger.standings(owner, [id])).get(id)?.status).toBe('queued')
    await expect(cancelMessage({ ledger, giveBack }, owner, id)).rejects.toMatchObject({ code: 'message-released' })
    await ledger.append(owner, [{ id, status: 'delivered', at: 9 }])
    await expect(cancelMessage({ ledger, giveBack }, owner, id)).rejects.toMatchObject({ code: 'message-released' })
    expect(await payDebts(giveBack, ledger, owner)).toBe(0)
    expect(paid.size).toBe(0)
  })

  it('keeps its cancellation for 30 days from its time, which may be a month away', async () => {
    const owner = newOwner()
    const id = randomId()
    const day = 86_400_000
    await dynamo.open(() => 0).queued(owner, [{ id, at: 0, ...held, heldUntil: 29 * day }])
    const ledger = dynamo.open(() => day)
    await cancelMessage({ ledger, giveBack: books().giveBack }, owner, id)
    expect((await dynamo.open(() => 58 * day).standings(owner, [id])).get(id)?.status).toBe('cancelled')
    expect((await dynamo.open(() => 60 * day).standings(owner, [id])).size).toBe(0)
  })
})

it('a message that was never held, or is not known, is not cancelled', async () => {
  const ledger = dynamo.open()
  const owner = newOwner()
  const id = randomId()
  const { giveBack } = books()
  await expect(cancelMessage({ ledger, giveBack }, owner, id)).rejects.toMatchObject({ code: 'message-unknown' })
  await ledger.queued(owner, [{ id, at: 5 }])
  await expect(cancelMessage({ ledger, giveBack }, owner, id)).rejects.toMatchObject({ code: 'message-released' })
  await expect(cancelMessage({ ledger, giveBack }, newOwner(), await heldMessage(ledger, owner))).rejects.toMatchObject({
    code: 'message-unknown',
  })
  expect(await debtsOf(ledger, owner)).toEqual([])
})

describe('a debt', () => {
  const asks: readonly (Asked | undefined)[] = [
    { kind: 'refused', code: 'recipient-suppressed' },
    { kind: 'refused', code: 'ad-at-night' },
    { kind: 'cancelled' },
    { kind: 'released' },
    { kind: 'expired' },
    undefined,
  ]

  it('is paid once if its message is never sent, and waits while nothing is decided', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const ids = asks.map(() => randomId())
    await ledger.decisions.owe(
      owner,
      ids.map((id, at) => ({ id, units: 10 ** at, acceptedAt: 7 })),
    )
    for (const [at, ask] of asks.entries()) {
      if (ask !== undefined) await ledger.decisions.decide(owner, { id: ids[at] ?? '', until: 0 }, ask)
    }
    // Its report replaces the item that holds the decision.
    await ledger.append(owner, [{ id: ids[0] ?? '', status: 'failed', code: 'recipient-suppressed', at: 9 }])
    await ledger.append(owner, [{ id: ids[3] ?? '', status: 'failed', code: '4410', at: 9 }])
    const { giveBack, paid } = books()
    expect(await payDebts(giveBack, ledger, owner)).toBe(111)
    expect(await payDebts(giveBack, ledger, owner)).toBe(0)
    expect([...paid.keys()].sort()).toEqual(ids.slice(0, 3).sort())
    expect(await debtsOf(ledger, owner)).toEqual([ids[5]])
  })

  it('is paid beyond the first hundred, past those that wait', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const ids = Array.from({ length: 130 }, () => randomId()).sort()
    await ledger.decisions.owe(
      owner,
      ids.map((id) => ({ id, units: 1, acceptedAt: 7 })),
    )
    for (const id of ids.slice(-5)) await ledger.decisions.decide(owner, { id, until: 0 }, { kind: 'cancelled' })
    expect(await payDebts(books().giveBack, ledger, owner)).toBe(5)
    expect(await debtsOf(ledger, owner)).toHaveLength(100)
  })

  it('stays where the registry is away, and the message is cancelled all the same', async () => {
    const ledger = dynamo.open()
    const owner = newOwner()
    const id = await heldMessage(ledger, owner)
    const away = () => Promise.reject(new Error('the registry is away'))
    expect(await cancelMessage({ ledger, giveBack: away }, owner, id)).toMatchObject({ status: 'cancelled' })
    await expect(payDebts(away, ledger, owner)).rejects.toThrow('away')
    expect(await payDebts(books().giveBack, ledger, owner)).toBe(3)
  })
})

/** A ledger whose process dies at the n-th change of something, before or after it is done. */
function dying(ledger: Ledger, at: number, before: boolean): Pick<Ledger, 'decisions'> {
  let calls = 0
  const decisions = new Proxy(ledger.decisions, {
    get: (target, name: keyof Ledger['decisions']) => {
      if (name === 'standings') return target.standings.bind(target)
      const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        calls += 1
        if (calls === at && before) throw new Error('dead')
        const answer = await call(...args)
        if (calls === at) throw new Error('dead')
        return answer
      }
    },
  })
  return { decisions }
}

it('whatever dies between a cancel and a release: one of them wins, and units are paid exactly for the cancelled', async () => {
  const ledger = dynamo.open()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (deaths, releases) => {
        const owner = newOwner()
        const id = await heldMessage(ledger, owner)
        const { giveBack, paid } = books()
        const cancels = deaths.map(([at, before]) =>
          cancelMessage({ ledger: dying(ledger, at, before), giveBack }, owner, id).then(
            () => true,
            () => false,
          ),
        )
        const releasing = releases
          ? ledger.decisions.decide(owner, { id, until: 9_000 }, { kind: 'released' })
          : Promise.resolve(undefined)
        const confirmed = (await Promise.all(cancels)).includes(true)
        await releasing
        const verdict = await ledger.decisions.decide(owner, { id, until: 9_000 }, { kind: 'released' })
        if (confirmed) expect(verdict.kind).toBe('cancelled')
        await payDebts(giveBack, ledger, owner)
        expect([...paid.keys()]).toEqual(verdict.kind === 'cancelled' ? [id] : [])
        expect(await debtsOf(ledger, owner)).toEqual([])
        // The worker reports what no gateway did.
        const isOpen = verdict.kind === 'cancelled' && verdict.open
        const reports = await reportsOf(ledger, owner)
        if (verdict.kind === 'cancelled' && !isOpen) expect(reports.length).toBeGreaterThan(0)
        if (verdict.kind === 'released') expect(reports).toEqual([])
      },
    ),
    { numRuns: 20 },
  )
})
