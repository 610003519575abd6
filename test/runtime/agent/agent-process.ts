import { GatewayClient, parseCredentials } from '../../../src/client/index.ts'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import { tableMap } from '../../../src/domain/table-map.ts'
import { CustomerTable, Journal, runAgent } from '../../../src/runtime/agent/index.ts'
import { log, main } from '../../../src/runtime/process.ts'
import { openEngine } from '../../../src/runtime/sql/index.ts'

/** The agent as a process of its own, to be killed by tests. Everything comes from the environment. */
function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is missing`)
  return value
}

await main(async () => {
  const engine = await openEngine(setting('DATABASE'))
  const journal = new Journal(setting('JOURNAL'), masterKeysFrom(setting('KEY')))
  const gateway = new GatewayClient({
    gateway: setting('GATEWAY'),
    credentials: parseCredentials(setting('CREDENTIALS')),
    scheme: 'basic',
    environment: 'live',
  })
  const running = runAgent({
    tables: [{ table: new CustomerTable(engine, tableMap.parse(JSON.parse(setting('MAP')))) }],
    journal,
    gateway,
    agent: setting('NAME'),
    observe: ({ kind, ...fields }) => log(kind, fields),
    pollMs: 50,
    leaseMs: Number(setting('LEASE_MS')),
    reportWaitSeconds: 1,
  })
  log('running', {})
  return async () => {
    await running.stop()
    journal.close()
    await engine.close()
  }
})
