import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openRegistry } from '../../src/registry/index.ts'
import { AwsClient } from '../../src/runtime/ports/index.ts'
import { type DynamoWorld, dynamoWorld } from './dynamo.ts'
import { Tenant } from './fixtures.ts'
import type { Sold } from './seller.ts'

const processes = 5
const callsEach = 2000
const limit = 1000

const folder = mkdtempSync(join(tmpdir(), 'apigw-oversold-'))
let dynamo: DynamoWorld
beforeAll(async () => {
  dynamo = await dynamoWorld()
})
afterAll(async () => {
  await dynamo.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The next message of a child; an error if it exits first. */
async function heard(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a seller ended with ${code}`)
  })
  const message = once(child, 'message').then(([said]: unknown[]) => said)
  return Promise.race([message, ended])
}

async function tellAll(children: readonly ChildProcess[]): Promise<Sold[]> {
  const answers = children.map(heard)
  for (const child of children) child.send('go')
  return (await Promise.all(answers)) as Sold[]
}

/** A time zone in which it is about noon, so that no test crosses midnight. The sign is POSIX's: west is plus. */
function noonZone(): string {
  const west = new Date().getUTCHours() - 12
  return `Etc/GMT${west < 0 ? '' : '+'}${west}`
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe.each([
  ['SQLite', () => `sqlite:${join(folder, 'registry.db')}`],
  ['Redis', () => inject('redis')],
  ['Redis Cluster', () => inject('redisCluster')],
  ['DynamoDB', () => dynamo.address],
])('%s', (_, addressOf) => {
  test(`${processes} processes that make ${processes * callsEach} calls sell exactly ${limit} units`, async () => {
    // Given a customer whose local time is noon
    const address = addressOf()
    const registry = await openRegistry(address, { dynamodb: (options) => new AwsClient('dynamodb', options) })
    const customer = await Tenant.with(registry, { quotas: { live: { day: limit, month: 10 * limit } } })
    await customer.setCustomer({ timeZone: noonZone() })
    const program = join(import.meta.dirname, 'seller.ts')
    const children = Array.from({ length: processes }, () =>
      fork(program, [address, customer.id, String(callsEach)], { execPath: process.execPath, execArgv: [] }),
    )
    try {
      await Promise.all(children.map(heard))

      // When all call at once, and a quarter of the admitted calls fail and are refunded
      const rush = await tellAll(children)

      // Then the units kept match the registry's count, and never exceed the limit
      const kept = sum(rush.map((sold) => sold.kept))
      expect(kept).toBeLessThanOrEqual(limit)
      expect(sum(rush.map((sold) => sold.givenBack))).toBeGreaterThan(0)
      expect(sum(rush.map((sold) => sold.refused))).toBeGreaterThan(0)
      expect(await customer.spent()).toEqual([kept, kept])

      // And when all continue until they are refused, the last unit is sold exactly once
      const rest = await tellAll(children)
      expect(sum(rest.map((sold) => sold.kept))).toBe(limit)
      expect(await customer.spent()).toEqual([limit, limit])
    } finally {
      for (const child of children) child.kill('SIGKILL')
      await registry.close()
    }
  })
})
