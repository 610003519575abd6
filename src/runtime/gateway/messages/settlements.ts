import type { AdmitRequest, Reservation } from '../../../domain/admission.ts'
import type { Environment } from '../../../domain/names.ts'
import { hourMs, partsOf } from '../../../domain/usage.ts'
import type { Outcome, Registry } from '../../../registry/index.ts'
import type { Ledger, Owner } from '../../ports/index.ts'
import { countReports } from './count-reports.ts'
import { payDebts } from './debts.ts'
import { reconcile } from './reconcile.ts'
import { rollDays } from './roll-days.ts'

type Failed = Extract<Outcome, { kind: 'failed' }>

/** Ends reservations behind the calls' backs. What is lost here, by a crash or a limit, is reconciled later. */
export interface Settlements {
  /** A call without an Idempotency-Key, all of which was accepted. */
  accepted(reservation: Reservation): void
  /** A call that came to nothing, and whose units could not be given back at once. */
  failed(reservation: Reservation, outcome: Failed): void
  /** A call that the registry did not answer. It may have taken the units, or may do so when it wakes up. */
  unanswered(request: AdmitRequest): void
  /** Compares a customer's open reservations with the ledger, and pays what is owed for messages that were never sent. */
  reconcile(customer: string, environment: Environment): void
}

/** Pauses between the tries to give units back, in milliseconds. Only tries that were answered count. */
const pausesMs = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000]
/** Longest that is tried while the registry does not answer. */
const giveUpMs = 600_000
const maxWaiting = 10_000
/** How many are asked for at the same time. */
const atOnce = 16
const tickMs = 500
/** Customers that wait for their turn. */
const maxReconciling = 100
/** Customers of whom it is known when their days were last added up. */
const maxRolled = 10_000

interface Pending {
  readonly reservation: Reservation
  readonly outcome: Failed
  readonly since: number
  answered: number
  dueAt: number
}

function reservationOf({ reservation: id, customer, environment, units, idempotency, ids }: AdmitRequest): Reservation {
  // What the registry gives back is what it wrote down itself, so only the names have to be right.
  const unknown = { day: '1970-01-01', month: '1970-01', rateCost: 0, admittedAt: 0 }
  return {
    ...{ id, customer, environment, units, attempt: 1, ...unknown },
    ...(idempotency !== undefined && { idempotency }),
    ...(ids !== undefined && { keyed: true as const }),
  }
}

/** Gives units back until the registry says that it has, or has answered often enough that it had nothing to give. */
class GivingBack {
  readonly #registry: Registry
  readonly #waiting = new Map<string, Pending>()
  #timer: NodeJS.Timeout | undefined
  #busy = false

  constructor(registry: Registry) {
    this.#registry = registry
  }

  add(reservation: Reservation, outcome: Failed): void {
    if (this.#waiting.size >= maxWaiting) return
    const since = performance.now()
    this.#waiting.set(reservation.id, { reservation, outcome, since, answered: 0, dueAt: since + tickMs })
    this.#timer ??= setInterval(() => void this.#tick(), tickMs).unref()
  }

  async #tick(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    const now = performance.now()
    const due = [...this.#waiting.values()].filter(({ dueAt }) => dueAt <= now)
    for (let from = 0; from < due.length; from += atOnce) {
      await Promise.all(due.slice(from, from + atOnce).map((pending) => this.#try(pending)))
    }
    this.#busy = false
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #try(pending: Pending): Promise<void> {
    const { reservation, outcome, since } = pending
    const settled = await this.#registry.settle(reservation, outcome).catch(() => undefined)
    if (settled === false) pending.answered += 1
    const pause = pausesMs[pending.answered]
    const now = performance.now()
    if (settled === true || pause === undefined || now - since > giveUpMs) this.#waiting.delete(reservation.id)
    else pending.dueAt = now + pause
  }
}

/** @param ledger absent: nothing can be looked up, and open reservations stay open */
export function createSettlements(registry: Registry, ledger: Ledger | undefined): Settlements {
  const givingBack = new GivingBack(registry)
  const turns = new Map<string, { readonly customer: string; readonly environment: Environment }>()
  /** When the days of a customer were last added up. */
  const rolledAt = new Map<string, number>()
  let running = false

  /** Functions do not sweep, so a customer's days are added up while it calls. */
  async function rollHourly(owner: Owner): Promise<void> {
    const name = `${owner.environment}/${owner.customer}`
    const before = rolledAt.get(name)
    if (before !== undefined && performance.now() < before + hourMs) return
    if (rolledAt.size >= maxRolled) rolledAt.clear()
    rolledAt.set(name, performance.now())
    const { usage, now } = await registry.usage(owner.customer, owner.environment)
    if (usage.zone !== '') await rollDays(registry, owner, usage.zone, now)
  }

  async function reconcileInTurn(books: Ledger): Promise<void> {
    running = true
    for (const [name, owner] of turns) {
      // A registry or ledger that is away is asked again at the customer's next turn.
      await reconcile(registry, books, owner).catch(() => undefined)
      await payDebts((repayment) => registry.giveBack(repayment), books, owner).catch(() => undefined)
      await countReports(registry, books, owner).catch(() => undefined)
      await registry.fileCounts(owner.customer, owner.environment).catch(() => undefined)
      await rollHourly(owner).catch(() => undefined)
      turns.delete(name)
    }
    running = false
  }

  return {
    accepted: (reservation) => void registry.settle(reservation, { kind: 'accepted' }).catch(() => undefined),
    failed: (reservation, outcome) => givingBack.add(reservation, outcome),
    unanswered: (request) => givingBack.add(reservationOf(request), { ...partsOf(request), kind: 'failed' }),
    reconcile: (customer, environment) => {
      if (ledger === undefined || turns.size >= maxReconciling) return
      turns.set(`${environment}/${customer}`, { customer, environment })
      if (!running) void reconcileInTurn(ledger)
    },
  }
}
