import { setTimeout as sleep } from 'node:timers/promises'
import { addCustomer } from '../customers/index.ts'
import { startEmulator } from '../local/index.ts'
import { openRegistry, type Profile } from '../registry/index.ts'
import { openDatabase } from '../runtime/ports/index.ts'
import { type FaultySqs, startFaultySqs } from './faulty-sqs.ts'
import { freePort, runtimeCommand, Victim } from './process.ts'
import { type RegistryStore, type RowStore, startRegistryStore, startRowStore } from './stores.ts'

export const queueName = 'carrier-a'
const carrier = { queue: queueName, table: 'carrier_a' }
const customerId = 'prover'
const limitedId = 'limited'
/** What the customer that always asks for more may have. */
export const limit = 50

/** Everything that is running, and what undoes it. */
export interface Stage {
  readonly registry: RegistryStore
  readonly rows: RowStore
  readonly sqs: FaultySqs
  readonly emulator: { sendMessage(queue: string, body: string): unknown }
  readonly gateways: readonly Victim[]
  readonly addresses: readonly string[]
  readonly workers: readonly Victim[]
  stop(): Promise<void>
}

export async function startStage(folder: string): Promise<Stage> {
  const [registry, rows] = [await startRegistryStore(folder), await startRowStore(folder)]
  const server = await startEmulator({ port: 0 })
  server.createQueue(queueName, { attributes: { VisibilityTimeout: '5' } })
  const sqs = await startFaultySqs(server.port)
  const database = await openDatabase(rows.address)
  await database.migrate([carrier])
  await database.close()
  const common = { APIGW_SQS_ENDPOINT: sqs.address, AWS_REGION: 'ap-northeast-2' }
  const ports = [await freePort(), await freePort()]
  const gateways = ports.map((port) => {
    const env = { ...common, APIGW_REGISTRY: registry.address, APIGW_HOST: '127.0.0.1', APIGW_PORT: String(port) }
    return new Victim('gateway', runtimeCommand('gateway'), env, port)
  })
  const workers = [1, 2].map(() => {
    const env = {
      APIGW_DATABASE: rows.address,
      APIGW_CARRIERS: JSON.stringify({ carriers: [carrier] }),
      APIGW_IDLE_MAX_MS: '100',
    }
    return new Victim('worker', runtimeCommand('worker'), { ...common, ...env, APIGW_WAIT_SECONDS: '1' })
  })
  await Promise.all([...gateways, ...workers].map((victim) => victim.start()))
  return {
    registry,
    rows,
    sqs,
    emulator: server,
    gateways,
    addresses: ports.map((port) => `http://127.0.0.1:${port}`),
    workers,
    stop: async () => {
      await Promise.all([...gateways, ...workers].map((victim) => victim.kill()))
      await sqs.stop()
      await server.stop()
      await Promise.all([registry.victim?.kill(), rows.victim?.kill()])
    },
  }
}

/** The two customers, and a way to put them back after the registry has forgotten everything. */
export async function addCustomers(stage: Stage) {
  const registry = await openRegistry(stage.registry.address, { keepTrying: true })
  const context = { registry, actor: { who: 'apigw prove', from: 'here' }, now: Date.now }
  const profiles: Profile[] = []
  const add = async (id: string, day: number): Promise<string> => {
    const { profile, keys } = await addCustomer(context, { id, quota: { day }, queue: queueName, keysFor: ['live'] })
    profiles.push(profile)
    return `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`
  }
  const authorization = await add(customerId, 100_000_000)
  const limited = await add(limitedId, limit)
  const restore = async (): Promise<void> => {
    for (const profile of profiles) {
      const entry = { at: Date.now(), ...context.actor, customer: profile.customer.id, what: 'restored' }
      for (let tries = 0; tries < 100; tries++) {
        try {
          await registry.save(profile, undefined, entry)
          break
        } catch {
          await sleep(100)
        }
      }
    }
  }
  return { authorization, limited, restore, close: () => registry.close() }
}

export type Customers = Awaited<ReturnType<typeof addCustomers>>
