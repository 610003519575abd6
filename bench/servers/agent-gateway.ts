import { envelope } from '../../src/domain/message.ts'
import type { Report } from '../../src/domain/report.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { createGateway, discoverEndpoints, serve } from '../../src/runtime/gateway/index.ts'
import type { Ledger, Queue } from '../../src/runtime/ports/index.ts'
import { ready } from './ready.ts'

/** Reports of everything that was sent, in order, by customer. */
const reports = new Map<string, Report[]>()

function reportsOf(customer: string): Report[] {
  const known = reports.get(customer) ?? []
  reports.set(customer, known)
  return known
}

/** A queue whose carrier delivers each message at once. */
const queue: Queue = {
  sendBatch: (_queue, bodies) => {
    for (const body of bodies) {
      const { customer, messages } = envelope.parse(JSON.parse(body))
      for (const { id, ref } of messages) {
        reportsOf(customer).push({ id, status: 'delivered', code: '0000', at: Date.now(), ...(ref !== undefined && { ref }) })
      }
    }
    return Promise.resolve(bodies.map(() => true as const))
  },
  receive: () => Promise.resolve([]),
  delete: () => Promise.resolve([]),
  extend: () => Promise.resolve([]),
  state: () => Promise.resolve({ visible: 0, inFlight: 0, delayed: 0, visibilitySeconds: 30 }),
  names: () => Promise.resolve([]),
  purge: () => Promise.resolve(),
  close: () => undefined,
}

/** In memory: how fast DynamoDB is, is another question. */
const ledger: Ledger = {
  prepare: () => Promise.resolve(),
  queued: () => Promise.resolve(),
  decisions: {
    decide: () => Promise.resolve({ kind: 'released' }),
    standings: () => Promise.resolve(new Map()),
    reportCancelled: () => Promise.resolve(),
    owe: () => Promise.resolve(),
    owed: () => Promise.resolve([]),
    settle: () => Promise.resolve(),
  },
  eraseSuppression: () => Promise.resolve(false),
  erasures: {
    open: () => Promise.resolve([]),
    find: () => Promise.resolve(undefined),
    save: () => Promise.resolve(true),
    finish: () => Promise.resolve(),
    done: () => Promise.resolve(undefined),
    addOwners: () => Promise.resolve(),
    owners: () => Promise.resolve([]),
    entries: () => Promise.resolve({ entries: [] }),
    forget: () => Promise.resolve(),
  },
  append: () => Promise.resolve(),
  standings: () => Promise.resolve(new Map()),
  reports: async ({ customer }, cursor, limit, budget) => {
    // It ends the wait of a client that is gone. Without it that wait would be a busy loop here.
    budget?.spend()
    const own = reportsOf(customer)
    const from = Number(cursor ?? 0)
    const page = own.slice(from, from + limit)
    const next = from + page.length
    return { reports: page, cursor: String(next), more: next < own.length }
  },
  ended: () => Promise.resolve({ ended: [], cursor: '', more: false }),
  cursorAt: () => Promise.resolve('0'),
  addEvent: () => Promise.resolve(true),
  message: () => Promise.resolve(undefined),
  find: () => Promise.resolve({ messages: [] }),
  addNotice: () => Promise.resolve(),
  callbackOrigins: () => Promise.resolve(new Set()),
  suppressed: () => Promise.resolve(new Set()),
  suppress: () => Promise.resolve(new Set()),
  unsuppress: () => Promise.resolve(new Set()),
  suppressions: () => Promise.resolve({ suppressions: [] }),
  close: () => undefined,
}

const registry = await openRegistry(process.env.BENCH_REGISTRY ?? '')
const gateway = createGateway({
  registry,
  queue,
  ledger,
  endpoints: await discoverEndpoints(),
  readLimits: { readsPerSecond: 1_000_000, readBurst: 1_000_000 },
})
const { port } = await serve(gateway, { port: 0 })
ready(port)
