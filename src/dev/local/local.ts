import { join } from 'node:path'
import { defaultCarriers } from '../../domain/carrier.ts'
import type { Context } from '../../operations/customers/index.ts'
import { loadMasterKeys, openRegistry } from '../../registry/index.ts'
import { createGateway, discoverEndpoints, type Observation, serve } from '../../runtime/gateway/index.ts'
import {
  type Database,
  openDatabase,
  openLedger,
  openMedia,
  openNotices,
  openQueue,
  openWebhooks,
} from '../../runtime/ports/index.ts'
import { deliverWebhooks, type WebhookWorkerEvent } from '../../runtime/webhooks/index.ts'
import { consume, drive, eraseAsked, pumpReports, releaseHeld, Sandbox, type WorkerEvent } from '../../runtime/worker/index.ts'
import { startDynamodb } from './dynamodb.ts'
import { claimFolder, ensureMasterKey } from './folder.ts'
import { startSqs } from './sqs.ts'

/** Where images are kept. */
const bucket = 'media'

export interface LocalOptions {
  /** Where everything is kept. */
  readonly folder: string
  /** 0: any free port. */
  readonly port: number
  readonly sqsPort: number
  readonly actor: Context['actor']
  /** The operator's own origin code, for customers without one. */
  readonly originCode?: string | undefined
  /** Receives every internal error: what a server would log. */
  readonly onFault: (what: string, error: unknown) => void
  /** A customer has used a part of a quota. */
  readonly onNotice?: (message: { readonly text: string }) => Promise<void>
}

/** What has happened since the start. */
export interface Counters {
  accepted: number
  refused: number
  stored: number
  /** Messages that came again and were recognised. */
  repeated: number
  delivered: number
  /** Reports that customers can read. */
  reported: number
}

export interface Local {
  readonly gateway: string
  readonly sqs: string
  readonly context: Context
  readonly database: Database
  readonly counters: Readonly<Counters>
  stop(): Promise<void>
}

/** What has to be undone, last first. */
class Undo {
  readonly #steps: (() => unknown)[] = []

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}

function observers(counters: Counters, onFault: LocalOptions['onFault']) {
  return {
    call: ({ method, status, error, requestId }: Observation): void => {
      if (error !== undefined) onFault(`request ${requestId}`, error)
      if (method !== 'POST') return
      if (status === 202) counters.accepted += 1
      else counters.refused += 1
    },
    worker: (event: WorkerEvent): void => {
      if (event.kind === 'flushed') {
        counters.stored += event.written
        counters.repeated += event.repeated
      } else if (event.kind === 'reported') counters.reported += event.reports
      else if (event.kind === 'failed') onFault(`queue ${event.queue}`, event.error)
      else if (event.kind === 'erasure-failed') onFault('erasure', event.error)
      else if (event.kind === 'bad' || event.kind === 'rejected') onFault(`queue ${event.queue}`, new Error(event.why))
    },
    webhooks: (event: WebhookWorkerEvent): void => {
      if (event.kind === 'webhook-failed') onFault(`webhook ${event.name ?? ''}`, event.error)
      else if (event.kind === 'notice-failed') onFault(`notices to ${event.channel}`, event.error)
    },
  }
}

async function start(options: LocalOptions, undo: Undo): Promise<Local> {
  const { folder, actor, originCode, onFault } = options
  const claim = claimFolder(folder)
  undo.add(claim.release)
  const counters: Counters = { accepted: 0, refused: 0, stored: 0, repeated: 0, delivered: 0, reported: 0 }
  const observe = observers(counters, onFault)

  const registry = await openRegistry(`sqlite:${join(folder, 'registry.db')}`)
  undo.add(() => registry.close())
  const database = await openDatabase(`sqlite:${join(folder, 'messages.db')}`)
  undo.add(() => database.close())
  await database.migrate(defaultCarriers)

  const queues = defaultCarriers.map((carrier) => carrier.queue)
  const sqs = await startSqs({ port: options.sqsPort, dataDir: join(folder, 'queues'), queues, bucket })
  undo.add(() => sqs.stop())
  const queue = openQueue({ endpoint: sqs.address })
  undo.add(() => queue.close())
  const dynamodb = await startDynamodb(folder)
  undo.add(() => dynamodb.stop())
  const ledger = openLedger({ endpoint: dynamodb.address })
  await ledger?.prepare()
  const media = openMedia({ endpoint: sqs.address, bucket })

  const delivered = (rows: number): void => {
    counters.delivered += rows
  }
  for (const carrier of defaultCarriers) {
    // No carrier reads the tables here, so the sandbox delivers from each.
    const failed = (error: unknown): void => onFault(`table ${carrier.table}`, error)
    const player = drive({ database, carrier, driver: new Sandbox(), delivered, failed })
    undo.add(() => player.stop())
    const consumer = consume({ queue, database, carrier, ledger, idleMaxMs: 0, observe: observe.worker })
    undo.add(() => consumer.stop())
  }
  if (ledger !== undefined) {
    const pump = pumpReports({ database, ledger, carriers: defaultCarriers, observe: observe.worker })
    undo.add(() => pump.stop())
    const releaser = releaseHeld({ database, ledger, carriers: defaultCarriers, observe: observe.worker })
    undo.add(() => releaser.stop())
    const eraser = eraseAsked({ database, ledger, carriers: defaultCarriers }, observe.worker, 5_000)
    undo.add(() => eraser.stop())
  }

  const masterKeys = await loadMasterKeys({ file: ensureMasterKey(folder) })
  const webhooks = openWebhooks({ endpoint: dynamodb.address })
  const notices = openNotices({ endpoint: dynamodb.address })
  if (ledger !== undefined && webhooks !== undefined && masterKeys !== undefined) {
    // Endpoints of this machine are allowed: `apigw webhook add --local` makes them.
    const { onNotice } = options
    const channels = onNotice === undefined ? [] : [{ name: 'terminal', send: onNotice }]
    const noticing = notices && { notices, channels, observe: observe.webhooks }
    const delivering = deliverWebhooks({ webhooks, ledger, masterKeys, observe: observe.webhooks }, { local: true }, noticing)
    undo.add(() => delivering.stop())
  }
  const endpoints = await discoverEndpoints()
  const gateway = createGateway({ registry, queue, ledger, media, endpoints, masterKeys, originCode, observe: observe.call })
  const listening = await serve(gateway, { port: options.port })
  undo.add(() => listening.stop(2_000))
  claim.publish({ gateway: listening.url, sqs: sqs.address, ledger: dynamodb.address, originCode })
  const context = { registry, actor, now: Date.now, masterKeys: async () => masterKeys }
  return { gateway: listening.url, sqs: sqs.address, context, database, counters, stop: () => undo.run() }
}

/**
 * Starts the whole system in this process: gateway, queues, worker, a simulated carrier. Where any part cannot start,
 * those that had are stopped again.
 *
 * @throws Problem `port-in-use`, `data-in-use`, `registry-corrupt`
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const undo = new Undo()
  try {
    return await start(options, undo)
  } catch (error) {
    await undo.run()
    throw error
  }
}
