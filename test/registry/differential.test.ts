import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import { dynamoEngine } from './dynamo.ts'
import { type Clock, type Engine, noon, redisEngine, sqliteEngine } from './fixtures.ts'
import { Comparison, hourMs, operation, type Store } from './histories.ts'

const clock: Clock = { now: noon }
/** A long run by a person: APIGW_DIFFERENTIAL_RUNS=5000 npx vitest run --project integration test/registry/differential.test.ts */
const wanted = process.env.APIGW_DIFFERENTIAL_RUNS

describe.each([
  ['SQLite', () => sqliteEngine(), 1, 300],
  ['Redis', () => redisEngine(inject('redis')), 2, 300],
  ['DynamoDB', () => dynamoEngine(), 2, 80],
] as const)('%s', (_, makeEngine, gateways, few) => {
  let engine: Engine
  let store: Store
  beforeAll(async () => {
    engine = makeEngine()
    const first = await engine.open(clock)
    store = gateways === 1 ? [first] : [first, await engine.open(clock)]
  })
  afterAll(async () => {
    for (const registry of store) await registry.close()
    await engine.close()
  })

  test('gives the answers of the model, step by step', { timeout: 3 * hourMs }, async () => {
    const property = fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 60, size: 'max' }), async (operations) => {
      const comparison = new Comparison(store, clock)
      await comparison.start()
      for (const one of operations) await comparison.step(one)
      await comparison.sameCounts()
    })
    await fc.assert(property, { numRuns: wanted === undefined ? few : Number(wanted) })
  })
})
