import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { type CancelAnswer, GatewayClient, type GatewayReport, parseCredentials } from '../../../client/index.ts'
import { masterKeysFrom } from '../../../domain/seal.ts'
import { addCustomer, type Context, type IssuedKey, issueKey } from '../../../operations/customers/index.ts'
import { openOperatorRegistry, registryThrough } from '../../../registry/index.ts'
import type { RehearsedStage } from '../stage/stage.ts'
import { deliver } from './carrier.ts'
import { fetchThrough } from './customer.ts'

/** One step of a rehearsal, and what came of it. */
export interface Step {
  readonly what: string
  readonly passed: boolean
  readonly detail: string
}

export type Tell = (step: Step) => void

const customer = 'rehearsal'
const defaultPatienceMs = 60_000
const hourMs = 3_600_000

interface Played {
  readonly stage: RehearsedStage
  /** The longest that a row or a report may take. */
  readonly patienceMs: number
}

const carrierList = z.object({ carriers: z.array(z.object({ queue: z.string(), table: z.string() })) })

/** The address of the registry, if it is a table that the gateway uses. */
function registryTable({ resources, outputs, workshop }: RehearsedStage): string | undefined {
  const gateway = resources.filter(({ type }) => type === 'AWS::Lambda::Function' || type === 'AWS::ECS::TaskDefinition')
  const address = `dynamodb:${outputs.RegistryTable}`
  const isUsed = gateway.some(({ properties }) => JSON.stringify(properties).includes(`"${address}"`))
  return isUsed ? `${address}?endpoint=${workshop.emulators.dynamodb}` : undefined
}

/**
 * The operator at the command line: the registry in its table, or behind the admin function, and the master key from its secret.
 * @param table the address of the table
 */
async function operatorContext(stage: RehearsedStage, table: string | undefined): Promise<Context> {
  const user = `arn:aws:iam::${stage.workshop.place.account}:user/operator`
  const master = stage.workshop.secrets.text(stage.outputs.MasterKeySecretArn ?? '')
  return {
    registry:
      table === undefined
        ? registryThrough('the admin function', (request) => stage.admin(request, user))
        : await openOperatorRegistry(table),
    actor: { who: user, from: 'a rehearsal' },
    now: Date.now,
    masterKeys: async () => (master === undefined ? undefined : masterKeysFrom(master)),
  }
}

function clientFor(stage: RehearsedStage, key: IssuedKey, environment: 'live' | 'test'): GatewayClient {
  return new GatewayClient({
    gateway: stage.outputs.PublicOrigin ?? '',
    credentials: parseCredentials(key.basic),
    scheme: key.credential.scheme === 'hmac' ? 'hmac' : 'basic',
    environment,
    fetch: fetchThrough(stage),
  })
}

const message = { to: '010-1234-5678', from: '1588-1234', text: 'A rehearsal' }

/** Waits for the report of a message, and runs the background work between polls. */
async function reported({ stage, patienceMs }: Played, client: GatewayClient, id: string): Promise<GatewayReport | undefined> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await sleep(100)) {
    await stage.tick()
    const page = await client.reports(undefined, 0)
    const found = page.kind === 'page' ? page.reports.find((one) => one.id === id) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

async function send(
  client: GatewayClient,
  key: string,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly id: string; readonly detail: string }> {
  const answer = await client.sendBatch(key, [{ ...message, ...more }])
  if (answer.kind !== 'answered') return { id: '', detail: JSON.stringify(answer) }
  const [result] = answer.results
  return { id: result?.status === 'accepted' ? (result.id ?? '') : '', detail: JSON.stringify(result) }
}

/** The rows that the carrier finds; the worker needs a moment to write them. */
async function delivered({ stage, patienceMs }: Played, table: string, id: string): Promise<boolean> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await sleep(100)) {
    await stage.tick()
    const rows = await deliver(stage, table).catch(() => [])
    if (rows.some((row) => row.id === id)) return true
  }
  return false
}

/** A failed step, after which the ones that build on it make no sense. */
class Stopped extends Error {}

/** The customer with keys of both environments, and one that signs. */
async function newCustomer(
  stage: RehearsedStage,
  queue: string,
): Promise<{ live: IssuedKey; signing: IssuedKey; test: IssuedKey }> {
  const context = await operatorContext(stage, registryTable(stage))
  const { keys } = await addCustomer(context, {
    id: customer,
    quota: { day: 10 },
    queue,
    senders: ['1588-1234'],
    keysFor: ['live', 'test'],
  })
  const [live, test] = keys
  if (live === undefined || test === undefined) throw new Error('two keys were requested')
  return { live, test, signing: await issueKey(context, customer, { scheme: 'hmac', environment: 'live' }) }
}

type Check = (what: string, passed: boolean, detail: string) => void

async function playLive(played: Played, client: GatewayClient, table: string, step: Check): Promise<void> {
  const { id, detail } = await send(client, 'first')
  step('a signed call of the customer is accepted', id !== '', id || detail)
  step('its message is in the table of the carrier', await delivered(played, table, id), `${table}, ${id}`)
  const report = await reported(played, client, id)
  step(
    'the customer reads its report',
    report?.status === 'delivered',
    report?.status ?? `no report within ${played.patienceMs / 1000} seconds`,
  )
  const image = await client.uploadImage(smallJpeg())
  step('an image is kept', image.kind === 'kept', image.kind === 'kept' ? image.id : JSON.stringify(image))
}

/** Cancels a message. It is unknown until it is noted as held. */
async function cancelled({ stage, patienceMs }: Played, client: GatewayClient, id: string): Promise<CancelAnswer> {
  for (const until = Date.now() + patienceMs; ; await sleep(100)) {
    await stage.tick()
    const answer = await client.cancel(id)
    const isUnknown = answer.kind === 'refused' && answer.status === 404
    if (!isUnknown || Date.now() >= until) return answer
  }
}

/** A cancelled message writes into the ledger through the gateway, and into the registry. */
async function playCancel(played: Played, client: GatewayClient, step: Check): Promise<void> {
  const { id, detail } = await send(client, 'later', { sendAt: new Date(Date.now() + hourMs).toISOString() })
  step('a scheduled message is accepted', id !== '', id || detail)
  const answer = await cancelled(played, client, id)
  step('its customer cancels it', answer.kind === 'cancelled', answer.kind === 'cancelled' ? id : JSON.stringify(answer))
  const report = await reported(played, client, id)
  step('its report says so', report?.status === 'cancelled', report?.status ?? 'no report')
}

async function playTest(played: Played, client: GatewayClient, step: Check): Promise<void> {
  const { id, detail } = await send(client, 'second')
  step('a call to the test environment is accepted', id !== '', id || detail)
  const report = await reported(played, client, id)
  step(
    'the sandbox answers it',
    report?.status === 'delivered',
    report?.status ?? `no report within ${played.patienceMs / 1000} seconds`,
  )
}

/**
 * Plays one message of each environment through a stage: from the front door to the carrier, and back as a report. Ends with the
 * first step that fails.
 */
export async function playMessages(stage: RehearsedStage, tell: Tell, patienceMs = defaultPatienceMs): Promise<void> {
  const played = { stage, patienceMs }
  const step: Check = (what, passed, detail) => {
    tell({ what, passed, detail })
    if (!passed) throw new Stopped(what)
  }
  const [carrier] = carrierList.parse(JSON.parse(stage.outputs.Carriers ?? '{}')).carriers
  if (carrier === undefined) throw new Error('the data stack names no carrier')
  try {
    const keys = await newCustomer(stage, carrier.queue)
    const way = registryTable(stage) === undefined ? 'through the admin function' : 'in the table of the registry'
    step(`the operator adds a customer ${way}`, true, customer)
    await playLive(played, clientFor(stage, keys.signing, 'live'), carrier.table, step)
    await playCancel(played, clientFor(stage, keys.signing, 'live'), step)
    await playTest(played, clientFor(stage, keys.test, 'test'), step)
    const wrong = { ...keys.live, basic: `${customer}:wrong:${keys.live.credential.keyId}` }
    const refused = await clientFor(stage, wrong, 'live').check()
    const isRefused = refused.kind === 'refused' && refused.status === 401
    step('a wrong secret is refused', isRefused, isRefused ? '401' : JSON.stringify(refused))
  } catch (error) {
    if (error instanceof Stopped) return
    tell({ what: 'the rehearsal completes', passed: false, detail: error instanceof Error ? error.message : String(error) })
  }
}

/** A JPEG of 64 by 64 pixels is more than a rehearsal needs: the frame header alone says its size. */
function smallJpeg(): Uint8Array {
  const frame = [0xff, 0xc0, 0x00, 0x0b, 0x08, 0x00, 0x40, 0x00, 0x40, 0x01, 0x01, 0x11, 0x00]
  return Uint8Array.from([0xff, 0xd8, ...frame, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00, 0x00, 0xff, 0xd9])
}
