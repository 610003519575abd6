import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { leaseMs, type Reservation, reconcileAfterMs } from '../../src/domain/admission.ts'
import type { Outcome } from '../../src/registry/index.ts'
import { addressOf, noon, profileOf } from '../registry/fixtures.ts'
import { Model } from '../registry/model.ts'

const limit = 20
const someRows = fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 })
const step = fc.oneof(
  fc.record({ kind: fc.constant('admit' as const), rows: someRows, key: fc.constantFrom('keyed', '', 'x', 'y') }),
  fc.record({
    kind: fc.constant('settle' as const),
    which: fc.nat(4),
    how: fc.constantFrom('accepted', 'part', 'failed', 'abandoned'),
    rows: someRows,
  }),
  fc.record({ kind: fc.constant('giveBack' as const), which: fc.nat(4), row: fc.nat(3) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, leaseMs, reconcileAfterMs) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Of<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>

interface Called {
  readonly reservation: Reservation
  /** Its messages. */
  readonly ids: readonly string[]
}

/** Units of a message: 1 to 3, always the same. */
function unitsOf(id: string): number {
  return 1 + (Number(id.at(-1)) % 3)
}

/** A customer beside whose books each message is counted by itself. */
class Customer {
  readonly #clock = { now: noon }
  readonly #model = new Model(this.#clock)
  readonly #calls: Called[] = []
  /** The units that stand for each message. */
  readonly #paid = new Map<string, number>()
  readonly #returned = new Set<string>()
  readonly #open = new Set<string>()
  #count = 0
  #taken = 0

  constructor() {
    this.#model.save(profileOf('c', { quotas: { live: { day: limit } } }))
  }

  async step(one: Step): Promise<void> {
    this.#clock.now += 1
    if (one.kind === 'wait') this.#clock.now += one.ms
    if (one.kind === 'admit') await this.#admit(one)
    if (one.kind === 'settle') await this.#settle(one)
    if (one.kind === 'giveBack') await this.#giveBack(one)
    const { usage } = await this.#model.usage('c', 'live')
    const paid = [...this.#paid.values()].reduce((sum, units) => sum + units, 0)
    expect([usage.dayUsed, usage.dayUsed + usage.dayBack]).toEqual([paid, this.#taken])
    expect(usage.dayUsed).toBeLessThanOrEqual(limit)
  }

  async #admit({ rows, key }: Of<'admit'>): Promise<void> {
    this.#count += 1
    const id = `r${this.#count}`
    // A call that is made again asks for the same messages.
    const own = key === 'x' || key === 'y' ? [1, 2, 3] : rows
    const ids = own.map((row) => `${key || id}-${row}`)
    const admission = await this.#model.admit({
      reservation: id,
      customer: 'c',
      keyId: 'k-live',
      environment: 'live',
      address: addressOf('203.0.113.7'),
      units: ids.reduce((sum, one) => sum + unitsOf(one), 0),
      ...(key === 'keyed' ? { ids, weights: ids.map(unitsOf) } : key !== '' && { idempotency: { key, fingerprint: key } }),
    })
    if (admission.kind !== 'admitted') return
    const { reservation, messages } = admission
    const taken = ids.filter((_, at) => messages === undefined || messages[at] === 'new')
    this.#calls.unshift({ reservation, ids: taken })
    if (reservation.attempt > 1 || taken.length === 0) return
    this.#open.add(reservation.id)
    for (const one of taken) {
      this.#taken += unitsOf(one)
      this.#paid.set(one, (this.#paid.get(one) ?? 0) + unitsOf(one))
    }
  }

  async #settle({ which, how, rows }: Of<'settle'>): Promise<void> {
    const call = this.#calls[which]
    if (call === undefined) return
    const { reservation, ids } = call
    const untaken = ids.filter((_, row) => rows.includes(row))
    const outcome: Outcome =
      how === 'part'
        ? { kind: 'accepted', response: '[]', refund: untaken.reduce((sum, id) => sum + unitsOf(id), 0), untaken }
        : how === 'accepted'
          ? { kind: how, response: '[]' }
          : { kind: how, untaken: ids }
    const done = await this.#model.settle(reservation, outcome)
    const ends = this.#open.has(reservation.id) && (outcome.kind === 'accepted' || done)
    if (!ends) return
    this.#open.delete(reservation.id)
    for (const id of outcome.kind === 'accepted' ? (outcome.untaken ?? []) : ids) this.#paid.set(id, 0)
  }

  async #giveBack({ which, row }: Of<'giveBack'>): Promise<void> {
    const call = this.#calls[which]
    const id = call?.ids[row]
    if (call === undefined || id === undefined) return
    const { admittedAt: acceptedAt } = call.reservation
    const done = await this.#model.giveBack({ customer: 'c', environment: 'live', id, units: unitsOf(id), acceptedAt })
    expect(done).toBe((this.#paid.get(id) ?? 0) > 0 && !this.#returned.has(id))
    if (!done) return
    this.#paid.set(id, 0)
    this.#returned.add(id)
  }
}

test('whatever is admitted, settled and given back, in any order, the limit holds and no unit comes back twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const customer = new Customer()
      for (const one of steps) await customer.step(one)
    }),
    { numRuns: 1000 },
  )
})
