import { expect, test } from 'vitest'
import { type OpenReservation, openOf, reconcileAfterMs } from '../../../../src/domain/admission.ts'
import type { Outcome } from '../../../../src/registry/index.ts'
import { idsOf, reconcile, traceOf } from '../../../../src/runtime/gateway/messages/reconcile.ts'

const owner = { customer: 'acme', environment: 'live' } as const
const idOf = idsOf(owner, { key: 'order-1', fingerprint: 'body' })
const open = { id: 'r', rateCost: 0, admittedAt: 0, idempotency: { key: 'digest', fingerprint: 'body' } }

/** Reconciles one open call of which the ledger knows these messages. */
async function outcomeOf(one: Pick<OpenReservation, 'units'> & Partial<OpenReservation>, known: readonly string[]) {
  const outcomes: Outcome[] = []
  const registry = {
    open: async () => openOf([{ ...open, ...one }], reconcileAfterMs),
    settle: async (_: unknown, outcome: Outcome) => outcomes.push(outcome) > 0,
  }
  const standings = async () => new Map(known.map((id) => [id, { id, status: 'queued' as const, at: 0 }]))
  const reconciled = await reconcile(registry, { standings }, owner)
  return { ...reconciled, outcome: outcomes[0] }
}

test('the units of each missing row come back, by what it took', async () => {
  const trace = traceOf([0, 1, 3, 4], 'order-1', [1, 3, 3, 2])
  expect(trace).toBe('["0-1,3-4","order-1","1,3*2,2"]')
  const sorted = traceOf([0, 1, 3, 4], 'order-1', [1, 3, 3, 2], ['x', 'y', 'y', 'z'])
  const { outcome: ofKinds } = await outcomeOf({ units: 9, ...(sorted !== undefined && { trace: sorted }) }, [idOf(0), idOf(3)])
  expect(ofKinds).toMatchObject({ untaken: [idOf(1), idOf(4)], kinds: ['y', 'z'], weights: [3, 2] })
  const { outcome, returned } = await outcomeOf({ units: 9, ...(trace !== undefined && { trace }) }, [idOf(0), idOf(3)])
  const weights = [3, 2]
  expect(outcome).toEqual({ kind: 'accepted', refund: 5, untaken: [idOf(1), idOf(4)], weights, response: '[1,4]' })
  expect(returned).toBe(5)
})

test('a call of which nothing is known comes back as a whole, with the ids of its messages', async () => {
  const trace = traceOf([0, 1], 'order-1', [4, 4]) ?? ''
  const { outcome, returned } = await outcomeOf({ units: 8, trace }, [])
  expect([outcome, returned]).toEqual([{ kind: 'abandoned', untaken: [idOf(0), idOf(1)], weights: [4, 4] }, 8])
})

test('a trace of a version that knew no units is read: one for each row', async () => {
  const { outcome } = await outcomeOf({ units: 3, trace: '["0,2-3","order-1"]' }, [idOf(2)])
  expect(outcome).toMatchObject({ refund: 2, untaken: [idOf(0), idOf(3)] })
  const { idempotency: _, ...keyless } = open
  const ofCall = idsOf(owner, { reservation: 'r' })
  expect(traceOf([0, 1], undefined, [1, 1])).toBeUndefined()
  expect(traceOf([0, 1], undefined, [1, 2])).toBe('["0-1","","1,2"]')
  const outcomes: Outcome[] = []
  const registry = {
    open: async () => openOf([{ ...keyless, units: 2 }], reconcileAfterMs),
    settle: async (_: unknown, outcome: Outcome) => outcomes.push(outcome) > 0,
  }
  const standings = async () => new Map([[ofCall(1), { id: ofCall(1), status: 'queued' as const, at: 0 }]])
  await reconcile(registry, { standings }, owner)
  expect(outcomes).toEqual([{ kind: 'accepted', refund: 1, untaken: [ofCall(0)] }])
})

test('of messages with keys, the units of each missing one come back', async () => {
  const { outcome, returned } = await outcomeOf({ units: 6, ids: ['a', 'b', 'c'], weights: [1, 2, 3] }, ['b'])
  expect([outcome, returned]).toEqual([{ kind: 'accepted', refund: 4, untaken: ['a', 'c'] }, 4])
})
