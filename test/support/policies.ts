import { policyOf, policyVersion } from '../../src/domain/sending.ts'
import type { Registry } from '../../src/registry/index.ts'

/** A registry that compares sending policies itself. */
export function comparing(registry: Registry): Registry {
  return new Proxy(registry, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'admit') return value.bind(target)
      return async (request: Parameters<Registry['admit']>[0]) => {
        if (request.policy === undefined || request.recall) return target.admit(request)
        const policy = policyOf((await target.profile(request.customer))?.profile.sending)
        const version = policyVersion(policy)
        if (version === request.policy) return target.admit(request)
        const caller = await target.admit({ ...request, units: 0, ids: [], nonce: undefined, idempotency: undefined } as never)
        if (caller.kind === 'refused' && !['route-missing', 'quota-missing'].includes(caller.reason)) return caller
        return { kind: 'policy', version, policy, now: await target.now() }
      }
    },
  })
}
