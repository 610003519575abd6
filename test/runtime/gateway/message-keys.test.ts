import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { reconcileAfterMs, rememberMs } from '../../../src/domain/admission.ts'
import { messageRequest } from '../../../src/domain/message.ts'
import { keyedIds } from '../../../src/runtime/gateway/messages/message-keys.ts'
import { reconcile } from '../../../src/runtime/gateway/messages/reconcile.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { liveQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { message, noon, startWorld, type World } from '../../support/world.ts'

let sqs: Sqs
let dynamo: Dynamo

beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

const checked = (value: unknown) => ({ value, request: messageRequest.parse(value) })

const registries = [
  { engine: 'SQLite', registry: () => undefined },
  { engine: 'Redis', registry: () => inject('redis') },
] as const

describe.each(registries)('messages with keys of their own, over $engine', ({ registry }) => {
  async function start(): Promise<World> {
    const address = registry()
    const ledger = dynamo.open(() => noon)
    return startWorld({
      endpoint: sqs.endpoint,
      ledger,
      quota: { day: 100 },
      ...(address !== undefined && { registry: address }),
    })
  }

  interface Result {
    readonly status: string
    readonly id?: string
    readonly replayed?: true
    readonly problem?: { readonly code: string; readonly detail: string; readonly retryable: boolean }
  }

  async function batch(world: World, messages: readonly object[], key?: string): Promise<readonly Result[]> {
    const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) }
    const answer = await world.call('/v1.0/messages/batch', { method: 'POST', headers, body: { messages } })
    return (answer.body as { results: Result[] }).results
  }

  const keyed = (key: string, changes: object = {}) => ({ ...message, key, ...changes })
  const sent = (world: World) => sqs.messages(liveQueue, world.customer)

  test('are sent once and cost one unit, whichever call carries them', async () => {
    const world = await start()
    const first = await batch(world, [keyed('a'), keyed('b')], 'call-1')
    const second = await batch(world, [keyed('b'), keyed('c'), keyed('a')], 'call-2')
    expect(first.map(({ replayed }) => replayed)).toEqual([undefined, undefined])
    expect(second.map(({ status, replayed }) => [status, replayed])).toEqual([
      ['accepted', true],
      ['accepted', undefined],
      ['accepted', true],
    ])
    expect(second[2]?.id).toBe(first[0]?.id)
    expect(sent(world)).toHaveLength(3)
    expect(await world.left()).toMatchObject({ day: 97 })
  })

  test('are the same message whatever ref and ttl a call gives them, and another with another text', async () => {
    const world = await start()
    const results = await batch(world, [keyed('a', { ref: 'one', ttl: 60 })])
    const [again] = await batch(world, [keyed('a', { ref: 'two', ttl: 30 })])
    const [other] = await batch(world, [keyed('a', { text: 'another' })])
    expect(again).toMatchObject({ id: results[0]?.id, replayed: true })
    expect(other?.replayed).toBeUndefined()
    expect(sent(world)).toHaveLength(2)
    expect(JSON.stringify(sqs.bodies(liveQueue))).not.toContain('"key"')
  })

  test('a single message answers as a replay', async () => {
    const world = await start()
    const first = await world.post({ key: 'a' })
    const again = await world.post({ key: 'a' })
    expect([first.status, again.status]).toEqual([202, 202])
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body).toMatchObject({ id: (first.body as { id: string }).id })
    expect(await world.left()).toMatchObject({ day: 99 })
  })

  test('are rejected beside messages without one, and where two of a call are the same', async () => {
    const world = await start()
    const results = await batch(world, [keyed('a'), message, keyed('a'), keyed('a', { text: 'another' }), keyed('\n')])
    expect(results.map(({ status, problem }) => problem?.detail ?? status)).toEqual([
      'accepted',
      '/key: is missing: either all messages of a call have a key, or none',
      '/key: is that of message 0, which has the same content',
      'accepted',
      '/key: has to be 1 to 64 visible ASCII characters',
    ])
    expect(await world.left()).toMatchObject({ day: 98 })
  })

  test('are new again when no queue took them', async () => {
    const world = await start()
    const { registry: books, customer, live } = world
    const request = {
      reservation: 'r1',
      customer,
      keyId: live.credential.keyId,
      environment: 'live',
      api: 'messages',
      address: '0'.repeat(32),
    } as const
    const first = await books.admit({ ...request, units: 2, ids: ['x', 'y'] })
    if (first.kind !== 'admitted') throw new Error(first.kind)
    const meanwhile = await books.admit({ ...request, reservation: 'r2', units: 2, ids: ['y', 'z'] })
    expect(meanwhile).toMatchObject({ messages: ['open', 'new'], reservation: { units: 1 } })
    await books.settle(first.reservation, { kind: 'accepted', refund: 1, untaken: ['x'] })
    const later = await books.admit({ ...request, reservation: 'r3', units: 3, ids: ['x', 'y', 'z'] })
    expect(later).toMatchObject({ messages: ['new', 'known', 'open'], reservation: { units: 1 } })
    expect(await world.left()).toMatchObject({ day: 97 })
  })

  /** A call that has the message of `key` and has not ended: its gateway is slow, or crashed. */
  async function heldByAnother({ registry: books, customer, live }: World, key: string) {
    const ids = [...(keyedIds({ customer, environment: 'live' }, [checked(keyed(key))]) ?? new Map()).values()]
    const admission = await books.admit({
      reservation: `another-${key}`,
      customer,
      keyId: live.credential.keyId,
      environment: 'live',
      api: 'messages',
      address: '0'.repeat(32),
      units: 1,
      ids,
    })
    if (admission.kind !== 'admitted') throw new Error(admission.kind)
    return admission.reservation
  }

  test('wait for the end of another call that has them', async () => {
    const world = await start()
    const reservation = await heldByAnother(world, 'a')
    const results = await batch(world, [keyed('a'), keyed('b')], 'call-1')
    expect(results.map(({ status, problem }) => problem?.code ?? status)).toEqual(['idempotency-in-progress', 'accepted'])
    expect(results[0]?.problem?.retryable).toBe(true)
    const single = await world.post({ key: 'a' })
    expect([single.status, single.headers.get('retry-after')]).toEqual([409, '5'])
    expect((await world.post({ key: 'a' }, { 'idempotency-key': 'single' })).status).toBe(409)
    expect(await world.left()).toMatchObject({ day: 98 })
    await world.registry.settle(reservation, { kind: 'failed' })
    expect(await batch(world, [keyed('a'), keyed('b')], 'call-1')).toMatchObject([{ status: 'rejected' }, { status: 'accepted' }])
    expect((await world.post({ key: 'a' }, { 'idempotency-key': 'single' })).status).toBe(202)
    expect(await batch(world, [keyed('a')], 'call-2')).toMatchObject([{ status: 'accepted', replayed: true }])
    expect(await world.left()).toMatchObject({ day: 98 })
    expect(sent(world)).toHaveLength(2)
  })

  test('are closed by the ledger after a crash: those that it knows stay known, the others are new', async () => {
    const world = await start()
    const { registry: books, customer, clock } = world
    const owner = { customer, environment: 'live' } as const
    const written = await heldByAnother(world, 'a')
    await heldByAnother(world, 'b')
    const [id = ''] = (await books.open(customer, 'live')).oldest.find(({ id: one }) => one === written.id)?.ids ?? []
    const ledger = dynamo.open()
    await ledger.queued(owner, [{ id, at: noon }])
    clock.now = noon + reconcileAfterMs + 1
    expect(await reconcile(books, ledger, owner)).toEqual({ closed: 2, returned: 1 })
    expect(await books.open(customer, 'live')).toMatchObject({ count: 0 })
    expect(await batch(world, [keyed('a'), keyed('b')])).toMatchObject([{ replayed: true }, { status: 'accepted' }])
    expect(sent(world)).toHaveLength(1)
    expect(await world.left()).toMatchObject({ day: 98 })
  })

  test('are forgotten later than the worker forgets them', async () => {
    const world = await start()
    await batch(world, [keyed('a')])
    world.clock.now = noon + rememberMs + 86_400_000
    expect(await batch(world, [keyed('a')])).toMatchObject([{ replayed: true }])
    world.clock.now = noon + 31 * 86_400_000
    const [late] = await batch(world, [keyed('a')])
    expect(late).toMatchObject({ status: 'accepted' })
    expect(late?.replayed).toBeUndefined()
  })
})
