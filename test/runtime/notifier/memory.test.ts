import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DynamoMemory } from '../../../src/runtime/notifier/memory/dynamodb.ts'
import { InProcessMemory } from '../../../src/runtime/notifier/memory/in-process.ts'
import { type Collected, leaseMs, type Memory } from '../../../src/runtime/notifier/memory/memory.ts'
import { Table } from '../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'

let dynamo: Dynamo
let tables = 0
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

interface Clock {
  now: number
}

async function dynamoMemory(clock: Clock): Promise<Memory> {
  tables++
  const table = new Table({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', table: `alerts-${tables}` })
  await table.create()
  return new DynamoMemory(table, () => clock.now)
}

const collected = (key: string): Collected => ({
  key,
  rule: 'security-group',
  severity: 'low',
  title: 'A security group was changed',
  actor: 'eve',
  action: 'ec2:AuthorizeSecurityGroupIngress',
  at: 1_000,
})

describe.each([
  ['in the process', async (clock: Clock): Promise<Memory> => new InProcessMemory(() => clock.now)],
  ['in DynamoDB', dynamoMemory],
])('a memory %s', (_, open) => {
  const start = Date.parse('2026-11-25T00:00:00Z')

  it('gives an alert to one report only', async () => {
    const memory = await open({ now: start })
    expect(await memory.take('activity:1', 'a')).toBe('ours')
    expect(await memory.take('activity:1', 'b')).toBe('others')
    expect(await memory.take('activity:2', 'b')).toBe('ours')
  })

  it('gives it to one of many concurrent reports', async () => {
    const memory = await open({ now: start })
    const taken = await Promise.all(Array.from({ length: 20 }, (_, at) => memory.take('activity:1', `report-${at}`)))
    expect(taken.filter((one) => one === 'ours')).toHaveLength(1)
  })

  it('recognizes a repeated report that was posted, and one that is being posted', async () => {
    const memory = await open({ now: start })
    await memory.take('activity:1', 'a')
    expect(await memory.take('activity:1', 'a')).toBe('busy')
    await memory.settle('activity:1', 'a')
    expect(await memory.take('activity:1', 'a')).toBe('sent')
    expect(await memory.take('activity:1', 'b')).toBe('others')
  })

  it('lets only the same report take over from a run that never ended', async () => {
    const clock = { now: start }
    const memory = await open(clock)
    await memory.take('activity:1', 'a')
    clock.now += leaseMs + 1
    expect(await memory.take('activity:1', 'b')).toBe('others')
    expect(await memory.take('activity:1', 'a')).toBe('ours')
  })

  it('releases what was not posted', async () => {
    const memory = await open({ now: start })
    await memory.take('activity:1', 'a')
    await memory.release('activity:1', 'b')
    expect(await memory.take('activity:1', 'b')).toBe('others')
    await memory.release('activity:1', 'a')
    expect(await memory.take('activity:1', 'b')).toBe('ours')
  })

  it('does not release what was posted', async () => {
    const memory = await open({ now: start })
    await memory.take('activity:1', 'a')
    await memory.settle('activity:1', 'a')
    await memory.release('activity:1', 'a')
    expect(await memory.take('activity:1', 'b')).toBe('others')
  })

  it('counts each event once, within the window before it', async () => {
    const memory = await open({ now: start })
    const counted = (id: string, at: number) => memory.count('console-failures', id, at, 300_000, 3)
    expect(await counted('a', start)).toBe(1)
    expect(await counted('a', start)).toBe(1)
    expect(await counted('b', start + 60_000)).toBe(2)
    expect(await counted('c', start + 299_999)).toBe(3)
    expect(await counted('d', start + 299_999)).toBe(3)
    expect(await counted('e', start + 700_000)).toBe(1)
    expect(await memory.count('another', 'a', start, 300_000, 3)).toBe(1)
  })

  it('keeps collected alerts until they are due, and then until they are posted', async () => {
    const memory = await open({ now: start })
    await memory.collect(start + 900_000, collected('one'))
    await memory.collect(start + 900_000, collected('one'))
    await memory.collect(start + 1_800_000, collected('two'))
    expect(await memory.due(start)).toEqual([])
    const due = await memory.due(start + 900_000)
    expect(due).toEqual([{ due: start + 900_000, alert: collected('one') }])
    await memory.markSent(due)
    expect(await memory.due(start + 900_000)).toEqual([])
    expect((await memory.due(start + 9_000_000)).map(({ alert }) => alert.key)).toEqual(['two'])
  })

  it('reads more than one page of due alerts', async () => {
    const memory = await open({ now: start })
    for (let from = 0; from < 1_200; from += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => memory.collect(start, collected(`event-${from + at}`))))
    }
    expect(await memory.due(start)).toHaveLength(1_200)
  })
})

it('never asks DynamoDB for a Scan', () => {
  expect(dynamo.seen.get('Query')).toBeGreaterThan(0)
  expect(dynamo.seen.has('Scan')).toBe(false)
})
