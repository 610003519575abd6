import { leaseMs, type Reservation } from '../../../domain/admission.ts'
import type { Registry } from '../../../registry/index.ts'

/** The hold of a running call on its Idempotency-Key. */
export interface Lease {
  /** Whether no other run can have had the key until now. */
  held(): boolean
  end(): void
}

/**
 * Renews the lease of a call while it runs, so that it can be short: a gateway that crashed stops renewing.
 * @param since `performance.now()` from before the admission: the registry counts from later
 */
export function holdLease(registry: Pick<Registry, 'settle'>, reservation: Reservation, since: number): Lease {
  let renewedAt = since
  let lost = false
  const renew = async (): Promise<void> => {
    const asked = performance.now()
    const owned = await registry.settle(reservation, { kind: 'running' }).catch(() => undefined)
    if (owned === true) renewedAt = asked
    if (owned === false) lost = true
  }
  const timer = setInterval(() => void renew(), leaseMs / 3).unref()
  return {
    held: () => !lost && performance.now() - renewedAt < leaseMs,
    end: () => clearInterval(timer),
  }
}
