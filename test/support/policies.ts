import { policyOf, policyVersion } from '../../src/domain/sending.ts'
import type { Registry } from '../../src/registry/index.ts'

/** A registry that compares sending policies itself. */
export function comparing(registry: Registry): Registry {
  const original = registry.admit.bind(registry)
  const admit: Registry['admit'] = async (request) => {
    if (request.policy === undefined || request.recall) return original(request)
    const policy = policyOf((await registry.profile(request.customer))?.profile.sending)
    const version = policyVersion(policy)
    if (version === request.policy) return original(request)
    const { nonce: _, idempotency: __, ids: ___, weights: ____, ...rest } = request
    const caller = await original({ ...rest, units: 0 })
    if (caller.kind === 'refused' && !['route-missing', 'quota-missing'].includes(caller.reason)) return caller
    return { kind: 'policy', version, policy, now: await registry.now() }
  }
  return Object.assign(registry, { admit })
}
