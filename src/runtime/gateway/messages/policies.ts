import type { SendingPolicy } from '../../../domain/sending.ts'

/** A customer's sending policy as it was when the registry was last asked. */
export interface KnownPolicy {
  readonly version: string
  readonly policy: SendingPolicy
}

const maxPolicies = 10_000

/**
 * The sending policies of the customers that called of late. What is here may have been changed since: the registry compares the
 * version before it takes anything.
 */
export class Policies {
  readonly #known = new Map<string, KnownPolicy>()

  of(customer: string): KnownPolicy | undefined {
    return this.#known.get(customer)
  }

  learn(customer: string, { version, policy }: KnownPolicy): KnownPolicy {
    const known = { version, policy }
    // The oldest entry comes first, because an entry that is learnt again is put at the end.
    this.#known.delete(customer)
    const [oldest] = this.#known.keys()
    if (this.#known.size >= maxPolicies && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(customer, known)
    return known
  }
}
