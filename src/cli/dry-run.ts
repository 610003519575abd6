import { carryOut, type OperatorRegistry } from '../registry/index.ts'

/**
 * A registry that reads from the real one and writes nothing. It computes a change here, even if a Lambda function would
 * otherwise carry it out, so the result is that of the real change.
 */
export function dryRun(registry: OperatorRegistry): OperatorRegistry {
  const simulated: OperatorRegistry = {
    address: registry.address,
    now: () => registry.now(),
    usage: (customer, environment) => registry.usage(customer, environment),
    counts: (customer, environment, from, until) => registry.counts(customer, environment, from, until),
    open: (customer, environment) => registry.open(customer, environment),
    credential: (customer, keyId) => registry.credential(customer, keyId),
    profile: (customer) => registry.profile(customer),
    profiles: (after, limit) => registry.profiles(after, limit),
    customers: () => registry.customers(),
    history: (customer, most) => registry.history(customer, most),
    document: (name) => registry.document(name),
    change: (change, actor) => carryOut({ ...simulated, ...simulatedWrites(registry) }, change, actor),
    health: () => registry.health(),
    close: () => registry.close(),
  }
  return simulated
}

/** The writing methods: each reports whether the write would succeed. */
function simulatedWrites(registry: OperatorRegistry) {
  return {
    save: async ({ customer: { id } }: { customer: { id: string } }, expected: string | undefined) =>
      (await registry.profile(id))?.version === expected,
    remove: async (customer: string, expected: string) => (await registry.profile(customer))?.version === expected,
    saveDocument: async (name: string, _text: string, expected: string | undefined) =>
      (await registry.document(name))?.version === expected,
  }
}
