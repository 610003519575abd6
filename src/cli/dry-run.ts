import { carryOut, type OperatorRegistry } from '../registry/index.ts'

/**
 * A registry that answers like the real one and writes nothing: what a change would do is found out by making it here, on
 * what was read, also where a function would carry it out.
 */
export function dryRun(registry: OperatorRegistry): OperatorRegistry {
  const pretending: OperatorRegistry = {
    address: registry.address,
    now: () => registry.now(),
    usage: (customer, environment) => registry.usage(customer, environment),
    open: (customer, environment) => registry.open(customer, environment),
    credential: (customer, keyId) => registry.credential(customer, keyId),
    profile: (customer) => registry.profile(customer),
    customers: () => registry.customers(),
    history: (customer, most) => registry.history(customer, most),
    document: (name) => registry.document(name),
    change: (change, actor) => carryOut({ ...pretending, ...unwritten(registry) }, change, actor),
    health: () => registry.health(),
    close: () => registry.close(),
  }
  return pretending
}

/** What writes: it finds out whether it could, and does not. */
function unwritten(registry: OperatorRegistry) {
  return {
    save: async ({ customer: { id } }: { customer: { id: string } }, expected: string | undefined) =>
      (await registry.profile(id))?.version === expected,
    remove: async (customer: string, expected: string) => (await registry.profile(customer))?.version === expected,
    saveDocument: async (name: string, _text: string, expected: string | undefined) =>
      (await registry.document(name))?.version === expected,
  }
}
