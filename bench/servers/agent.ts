import { GatewayClient, parseCredentials } from '../../src/client/index.ts'
import { masterKeysFrom } from '../../src/domain/seal.ts'
import { tableMap } from '../../src/domain/table-map.ts'
import { CustomerTable, Journal, runAgent } from '../../src/runtime/agent/index.ts'
import { openEngine } from '../../src/runtime/sql/index.ts'
import { ready } from './ready.ts'

/** The agent as a process of its own, with nothing beside it. */
const { BENCH_DATABASE = '', BENCH_GATEWAY = '', BENCH_CREDENTIALS = '', BENCH_MAP = '{}', BENCH_JOURNAL = '' } = process.env
runAgent({
  tables: [{ table: new CustomerTable(await openEngine(BENCH_DATABASE), tableMap.parse(JSON.parse(BENCH_MAP))) }],
  journal: new Journal(BENCH_JOURNAL, masterKeysFrom(Buffer.alloc(32, 1).toString('base64'))),
  gateway: new GatewayClient({
    gateway: BENCH_GATEWAY,
    credentials: parseCredentials(BENCH_CREDENTIALS),
    scheme: 'basic',
    environment: 'live',
  }),
  agent: 'bench',
  // The gateway's 202 is in the journal.
  observe: ({ kind }) => void (kind === 'sent' && process.send?.(kind)),
})
ready(0)
