import type { MessageRequest } from '../../../domain/message.ts'
import { originOf } from '../../../domain/webhook.ts'
import type { Ledger, Owner, ReadBudget } from '../../ports/index.ts'
import type { Call } from './call.ts'
import { budgetOf } from './reading.ts'

/** How long what was read counts. An endpoint that was removed gets nothing at once: this is about what is accepted. */
const freshMs = 30_000
/** A host that is not among those that are known may have been allowed since. */
const againMs = 1_000
/** While the ledger is away, what was read before counts for so long. */
const staleMs = 600_000
/** Longest that a call waits for it. */
const maxWaitMs = 3_000
const maxOwners = 10_000

interface Known {
  readonly origins: ReadonlySet<string>
  readonly readAt: number
}

/** Which hosts customers' messages may name as their callback, as it was when the ledger was last asked. */
export class CallbackHosts {
  readonly #known = new Map<string, Known>()

  /**
   * Whether each of these origins is allowed: at most one read of the ledger.
   * @param now milliseconds since 1970
   * @throws Problem `ledger-unavailable`
   */
  async allowed(
    ledger: Pick<Ledger, 'callbackOrigins'>,
    owner: Owner,
    origins: ReadonlySet<string>,
    now: number,
    budget?: ReadBudget,
  ): Promise<ReadonlySet<string>> {
    const name = `${owner.environment}/${owner.customer}`
    const known = this.#known.get(name)
    const age = known === undefined ? Number.POSITIVE_INFINITY : now - known.readAt
    const isAllowed = known !== undefined && [...origins].every((origin) => known.origins.has(origin))
    if (known !== undefined && age < (isAllowed ? freshMs : againMs)) return known.origins
    try {
      const read = await ledger.callbackOrigins(owner, budget)
      if (this.#known.size >= maxOwners) this.#known.clear()
      this.#known.set(name, { origins: read, readAt: now })
      return read
    } catch (error) {
      if (known !== undefined && age < staleMs) return known.origins
      throw error
    }
  }
}

/**
 * The messages whose callback is at a host that was not allowed. A call without a callback reads nothing.
 * @throws Problem `ledger-unavailable`
 */
export async function foreignCallbacks(
  call: Call,
  requests: readonly Pick<MessageRequest, 'callback'>[],
): Promise<readonly boolean[]> {
  const named = requests.map(({ callback }) => (callback === undefined ? undefined : originOf(callback)))
  const origins = new Set(named.filter((origin) => origin !== undefined))
  if (origins.size === 0) return requests.map(() => false)
  const owner = { customer: call.caller.customer, environment: call.environment }
  const allowed = await call.callbackHosts.allowed(call.ledger, owner, origins, call.now(), budgetOf(call, maxWaitMs))
  return named.map((origin) => origin !== undefined && !allowed.has(origin))
}
