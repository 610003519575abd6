import { hash } from 'node:crypto'
import { randomId } from '../../../domain/ids.ts'
import type { Call } from './call.ts'
import { fingerprint, idempotencyKey } from './idempotency.ts'
import { idsOf } from './reconcile.ts'

/** Under which names a call runs. */
export interface Identity {
  readonly reservation: string
  readonly claim?: { readonly key: string; readonly fingerprint: string }
  /** The caller's own Idempotency-Key. */
  readonly key?: string
  readonly idOf: (index: number) => string
}

/**
 * @param body what the call asks for, to tell it from another call with the same key
 * @throws Problem `invalid-idempotency-key`
 */
export function identityOf(call: Call, body: unknown): Identity {
  const key = idempotencyKey(call.request)
  const reservation = randomId()
  const owner = { customer: call.caller.customer, environment: call.environment }
  if (key === undefined) return { reservation, idOf: idsOf(owner, { reservation }) }
  const mark = fingerprint(call.request.method, call.path, body)
  const claim = { key: hash('sha256', key, 'base64url'), fingerprint: mark }
  return { reservation, claim, key, idOf: idsOf(owner, { key, fingerprint: mark }) }
}
