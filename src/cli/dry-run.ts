import type { Registry } from '../registry/index.ts'

/**
 * A registry that answers like the real one and writes nothing: what a change would do is found out by making it.
 */
export function dryRun(registry: Registry): Registry {
  return {
    address: registry.address,
    admit: (request) => registry.admit({ ...request, units: 0 }),
    settle: async () => false,
    usage: (customer, environment) => registry.usage(customer, environment),
    open: (customer, environment) => registry.open(customer, environment),
    credential: (customer, keyId) => registry.credential(customer, keyId),
    profile: (customer) => registry.profile(customer),
    customers: () => registry.customers(),
    save: async (profile, expected) => (await registry.profile(profile.customer.id))?.version === expected,
    remove: async (customer, expected) => (await registry.profile(customer))?.version === expected,
    history: (customer, most) => registry.history(customer, most),
    document: (name) => registry.document(name),
    saveDocument: async (name, _text, expected) => (await registry.document(name))?.version === expected,
    health: () => registry.health(),
    close: () => registry.close(),
  }
}
