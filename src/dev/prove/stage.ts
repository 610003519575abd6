import { type Ledger, openDatabase, openLedger } from '../../runtime/ports/index.ts'
import { startDynamodb, startEmulator } from '../local/index.ts'
import { freePorts, runtimeCommand, Victim } from '../servers/index.ts'
import { type DatabaseKind, type RowStore, startRowStore } from './database.ts'
import { type FaultyHttp, startFaultyHttp } from './faulty-http.ts'
import { insist } from './patience.ts'
import { type RegistryKind, type RegistryStore, startRegistryStore } from './registry.ts'
import { Spoiler } from './spoiler.ts'

export const queueName = 'carrier-a'
export const deadLetters = `${queueName}-dlq`
export const carrier = { queue: queueName, table: 'carrier_a' }
const region = 'ap-northeast-2'
/** As the templates set it. */
const maxReceiveCount = 1000
/** Short, so that what a killed worker held comes again soon. */
const visibilitySeconds = 5

/** Everything that is running. */
export interface Stage {
  readonly registry: RegistryStore
  readonly rows: RowStore
  readonly sqs: FaultyHttp
  readonly ledger: FaultyHttp
  /** What passed on the way into the queue, and what was put among it. */
  readonly spoiler: Spoiler
  readonly emulator: Pick<Awaited<ReturnType<typeof startEmulator>>, 'sendMessage' | 'inspectQueue'>
  /** A way to the ledger past its faults. */
  readonly reports: Ledger
  /** Called with each action that the ledger has done, before the answer is passed on. */
  onLedger: ((action: string) => void) | undefined
  readonly gateways: readonly Victim[]
  readonly addresses: readonly string[]
  readonly workers: readonly Victim[]
}

export interface StageOptions {
  readonly database: DatabaseKind
  readonly registry: RegistryKind
  readonly folder: string
  readonly signal: AbortSignal
  /** Takes what ends a part. The last one that was given is ended first. */
  readonly undo: (step: () => Promise<unknown>) => void
}

/** Environment of a process: nothing of the user's own that would steer it elsewhere. */
function cleanEnv(more: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:APIGW_|AWS_|NODE_OPTIONS$|VITEST)/.test(name))
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...more }
}

async function startQueue(undo: StageOptions['undo']) {
  const emulator = await startEmulator({ port: 0 })
  undo(() => emulator.stop())
  const { queueArn: deadLetterTargetArn } = emulator.createQueue(deadLetters)
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount })
  emulator.createQueue(queueName, { attributes: { RedrivePolicy, VisibilityTimeout: String(visibilitySeconds) } })
  return emulator
}

/** The tables, with a carrier's table that refuses some rows. */
async function prepare(rows: RowStore, signal: AbortSignal): Promise<void> {
  await insist('make the tables', signal, async () => {
    const database = await openDatabase(rows.address)
    try {
      await database.migrate([carrier])
    } finally {
      await database.close()
    }
  })
  for (const statement of rows.refusing) await rows.sql.all(statement)
}

export async function startStage(options: StageOptions): Promise<Stage> {
  const { folder, signal, undo } = options
  const registry = await startRegistryStore(options.registry, folder)
  undo(() => registry.close())
  const rows = await startRowStore(options.database, folder, signal)
  undo(() => rows.close())
  await prepare(rows, signal)
  const emulator = await startQueue(undo)
  const spoiler = new Spoiler(queueName)
  const sqs = await startFaultyHttp(emulator.port, { request: (action, body) => spoiler.pass(action, body) })
  undo(() => sqs.close())
  const dynamodb = await startDynamodb(folder)
  undo(() => dynamodb.stop())
  const reports = openLedger({ endpoint: dynamodb.address })
  if (reports === undefined) throw new Error('the ledger has an address and was not opened')
  await reports.prepare()
  const stage: { onLedger: Stage['onLedger'] } = { onLedger: undefined }
  const answered = (action: string): void => stage.onLedger?.(action)
  const ledger = await startFaultyHttp(Number(new URL(dynamodb.address).port), { answered })
  undo(() => ledger.close())

  const common = { APIGW_SQS_ENDPOINT: sqs.address, APIGW_LEDGER_ENDPOINT: ledger.address, AWS_REGION: region }
  const ports = await freePorts(2)
  const gateways = ports.map((port, at) => {
    const place = { APIGW_REGISTRY: registry.faulty?.address ?? registry.address, APIGW_HOST: '127.0.0.1' }
    // Often, so that gateways end in the middle of counting what was reported.
    const env = cleanEnv({ ...common, ...place, APIGW_PORT: String(port), APIGW_RECONCILE_EVERY_SECONDS: '3' })
    return new Victim({
      name: `gateway ${at + 1}`,
      command: runtimeCommand('gateway'),
      env,
      port,
      folder,
      supervised: 'listening',
    })
  })
  const workers = [1, 2].map((number) => {
    const carriers = { APIGW_DATABASE: rows.address, APIGW_CARRIERS: JSON.stringify({ carriers: [carrier] }) }
    const env = cleanEnv({ ...common, ...carriers, APIGW_IDLE_MAX_MS: '100', APIGW_WAIT_SECONDS: '1' })
    return new Victim({ name: `worker ${number}`, command: runtimeCommand('worker'), env, folder, supervised: 'consuming' })
  })
  undo(() => Promise.all([...gateways, ...workers].map((victim) => victim.kill())))
  await Promise.all([...gateways, ...workers].map((victim) => victim.start()))
  const addresses = ports.map((port) => `http://127.0.0.1:${port}`)
  return Object.assign(stage, { registry, rows, sqs, ledger, reports, spoiler, emulator, gateways, addresses, workers })
}
