import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { randomId } from '../../src/domain/ids.ts'
import { openWebhooks } from '../../src/runtime/ports/index.ts'
import { createSender, WebhookScheduler } from '../../src/runtime/webhooks/index.ts'
import { masterKey, masterKeys, startCheckingReceiver, startReceiver } from '../runtime/webhooks/receiver.ts'
import { type Dynamo, startDynamo } from '../support/dynamodb.ts'
import { uniqueName } from '../support/names.ts'
import { json, jsonError, ok, type RunOptions, run, temporaryFolder } from './run.ts'

let dynamo: Dynamo
let here: RunOptions
beforeAll(async () => {
  dynamo = await startDynamo()
})
beforeEach(() => {
  const env = { APIGW_LEDGER_ENDPOINT: dynamo.endpoint, APIGW_MASTER_KEY: masterKey, AWS_REGION: 'ap-northeast-2' }
  here = { cwd: temporaryFolder(), env }
})
afterAll(() => dynamo.stop())

const fail = async (args: readonly string[]) => jsonError(await run([...args, '--json'], here))

async function newCustomer(): Promise<string> {
  const customer = uniqueName('acme')
  await ok(['customer', 'add', customer, '--name', 'Acme', '--queue', 'carrier-a'], here)
  return customer
}

/** One pass of the worker over all webhooks. */
async function deliver(): Promise<number> {
  const place = { endpoint: dynamo.endpoint, region: 'ap-northeast-2' }
  const webhooks = openWebhooks(place)
  if (webhooks === undefined) throw new Error('an endpoint is there')
  const sender = createSender({ local: true })
  onTestFinished(() => sender.close())
  const parts = { webhooks, ledger: dynamo.open(), send: sender.send, masterKeys, holder: 'test', observe: () => undefined }
  return new WebhookScheduler(parts).once(new AbortController().signal)
}

async function withWebhook(answer?: Parameters<typeof startReceiver>[0]) {
  const customer = await newCustomer()
  const receiver = await startReceiver(answer)
  const added = await json(['webhook', 'add', customer, 'main', '--url', receiver.url, '--local'], here)
  const append = async (): Promise<string> => {
    const id = randomId()
    await dynamo.open().append({ customer, environment: 'live' }, [{ id, status: 'delivered', at: Date.now() }])
    return id
  }
  return { customer, receiver, added, append }
}

describe('webhook', () => {
  test('add, test and deliveries: a signed event arrives, and its attempt is shown', async () => {
    const customer = await newCustomer()
    const secrets: string[] = []
    const receiver = await startCheckingReceiver(secrets)
    const added = await json(['webhook', 'add', customer, 'main', '--url', receiver.url, '--local'], here)
    expect(added).toMatchObject({ customer, environment: 'live', name: 'main', url: receiver.url, events: [], disabled: null })
    secrets.push(String(added.secret))
    const sent = await json(['webhook', 'test', customer, 'main', '--wait-seconds', '0'], here)
    expect(await deliver()).toBe(1)
    expect(receiver.ids()).toEqual([sent.id])
    expect(await json(['webhook', 'deliveries', customer, 'main'], here)).toMatchObject({
      attempts: [{ id: sent.id, type: 'webhook.test', message: null, result: 'delivered', why: '200' }],
      cursor: null,
    })
    expect(await json(['webhook', 'list', customer], here)).toMatchObject({
      webhooks: [{ state: 'active', waiting: 0, failures: 0 }],
    })
  })

  test('rotate: both secrets sign until the old one ends, and neither is shown again or stored as it is', async () => {
    const { customer, added } = await withWebhook()
    const rotated = await json(['webhook', 'rotate', customer, 'main', '--overlap', '1h'], here)
    expect(rotated.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const shown = await ok(['webhook', 'list', customer, '--json'], here)
    expect(JSON.parse(shown).webhooks[0].secrets).toHaveLength(2)
    const key = { customer, environment: 'live', name: 'main' } as const
    const stored = JSON.stringify(await openWebhooks({ endpoint: dynamo.endpoint, region: 'ap-northeast-2' })?.find(key))
    for (const secret of [added.secret, rotated.secret]) expect(shown + stored).not.toContain(String(secret).slice(6))
    const ended = await json(['webhook', 'rotate', customer, 'main', '--overlap', '0m'], here)
    expect(ended.secrets).toHaveLength(1)
  })

  test('set and dry runs: the URL and types change only without --dry-run', async () => {
    const { customer, receiver } = await withWebhook()
    const set = ['webhook', 'set', customer, 'main', '--event', 'message.failed']
    expect(await json([...set, '--dry-run'], here)).toMatchObject({ events: ['message.failed'], dryRun: true })
    const url = async () => ((await json(['webhook', 'list', customer], here)).webhooks as { events: string[]; url: string }[])[0]
    expect(await url()).toMatchObject({ events: [], url: receiver.url })
    await json(set, here)
    expect(await url()).toMatchObject({ events: ['message.failed'] })
    await json(['webhook', 'set', customer, 'main', '--all-events'], here)
    expect(await url()).toMatchObject({ events: [] })
    const dry = await json(['webhook', 'add', customer, 'other', '--url', receiver.url, '--local', '--dry-run'], here)
    expect(dry).toMatchObject({ secret: null, dryRun: true })
    expect((await fail(['webhook', 'rotate', customer, 'other'])).code).toBe('webhook-unknown')
  })

  test('replay: one message, or all since a time, with the ids that they had', async () => {
    const { customer, receiver, append } = await withWebhook()
    const ids = [await append(), await append(), await append()]
    await deliver()
    const first = receiver.ids()
    expect(first).toHaveLength(3)
    receiver.got.length = 0
    await json(['webhook', 'replay', customer, 'main', '--message', String(ids[1])], here)
    await deliver()
    expect(receiver.got.map(({ body }) => JSON.parse(body).data.id)).toEqual([ids[1]])
    expect(first).toContain(receiver.ids()[0])
    receiver.got.length = 0
    expect(await json(['webhook', 'replay', customer, 'main', '--since', '1h', '--yes'], here)).toMatchObject({ events: 3 })
    await deliver()
    expect(receiver.ids().sort()).toEqual([...first].sort())
    expect((await fail(['webhook', 'replay', customer, 'main', '--message', randomId()])).code).toBe('message-unknown')
    expect((await fail(['webhook', 'replay', customer, 'main', '--since', '8d', '--yes'])).code).toBe('input-invalid')
    expect((await fail(['webhook', 'replay', customer, 'main'])).code).toBe('input-missing')
  })

  test('enable: a webhook that answered 410 is shown as disabled, and continues from where it was', async () => {
    let status = 410
    const { customer, receiver, append } = await withWebhook((response) => response.writeHead(status).end())
    await append()
    await deliver()
    const list = await run(['webhook', 'list', customer], here)
    expect(list.stdout).toContain('disabled: it answered 410')
    expect(list.stderr).toContain(`apigw webhook enable ${customer} main --env live`)
    expect((await fail(['webhook', 'test', customer, 'main'])).code).toBe('input-invalid')
    status = 200
    receiver.got.length = 0
    await json(['webhook', 'enable', customer, 'main'], here)
    expect(await deliver()).toBe(1)
    expect(receiver.got).toHaveLength(1)
  })

  test('a suspended customer gets nothing until it is resumed, and a removed one has no webhook', async () => {
    const { customer, receiver, append } = await withWebhook()
    await ok(['customer', 'suspend', customer], here)
    await append()
    expect(await deliver()).toBe(0)
    expect((await fail(['webhook', 'enable', customer, 'main'])).message).toContain('suspended')
    const other = await json(['webhook', 'add', customer, 'other', '--url', receiver.url, '--local'], here)
    expect(other.disabled).toMatchObject({ why: 'suspended' })
    await ok(['customer', 'resume', customer], here)
    // What `other` could get happened before it was added.
    expect(await deliver()).toBe(1)
    await ok(['customer', 'remove', customer, '--yes'], here)
    expect(await openWebhooks({ endpoint: dynamo.endpoint, region: 'ap-northeast-2' })?.of(customer)).toEqual([])
  })

  test('what cannot be a webhook is refused', async () => {
    const { customer, receiver } = await withWebhook()
    const add = (name: string, ...more: string[]) => fail(['webhook', 'add', customer, name, ...more])
    expect((await add('x', '--url', 'https://169.254.169.254/')).code).toBe('input-invalid')
    expect((await add('x', '--url', receiver.url)).code).toBe('input-invalid')
    expect((await add('X y', '--url', receiver.url, '--local')).code).toBe('input-invalid')
    expect((await add('x', '--url', receiver.url, '--local', '--event', 'message.sent')).message).toContain('message.sent')
    expect((await add('main', '--url', receiver.url, '--local')).code).toBe('webhook-exists')
    expect((await fail(['webhook', 'list', 'missing-customer'])).code).toBe('customer-unknown')
    expect((await fail(['webhook', 'remove', customer, 'main'])).code).toBe('input-missing')
    expect(await json(['webhook', 'remove', customer, 'main', '--yes'], here)).toMatchObject({ removed: true })
  })

  test('--callbacks allows a host once, and replay sends the event of a message to its callback', async () => {
    const customer = await newCustomer()
    const receiver = await startReceiver()
    const added = await json(['webhook', 'add', customer, 'host', '--url', receiver.url, '--local', '--callbacks'], here)
    expect(added).toMatchObject({ callbacks: true })
    const again = await fail(['webhook', 'add', customer, 'again', '--url', `${receiver.url}/x`, '--local', '--callbacks'])
    expect(again.code).toBe('input-invalid')
    const [id, other] = [randomId(), randomId()]
    const callback = `http://localhost:${receiver.port}/sent?b=2&a=1`
    const at = Date.now()
    const owner = { customer, environment: 'live' } as const
    await dynamo.open().append(owner, [
      { id, status: 'delivered', at, callback },
      { id: other, status: 'failed', at },
    ])
    expect(await deliver()).toBe(1)
    await ok(['webhook', 'replay', customer, 'host', '--message', id], here)
    expect(await deliver()).toBe(1)
    expect(receiver.ids()[0]).toBe(receiver.ids()[1])
    expect((await fail(['webhook', 'replay', customer, 'host', '--message', other])).code).toBe('input-invalid')
    const shown = `http://localhost:${receiver.port}/sent?…`
    const { attempts } = await json(['webhook', 'deliveries', customer, 'host'], here)
    expect(attempts).toMatchObject([{ message: id, callback: shown, result: 'delivered' }, { callback: shown }])
    expect(await json(['message', 'show', customer, id], here)).toMatchObject({ callback: shown })
  })
})
