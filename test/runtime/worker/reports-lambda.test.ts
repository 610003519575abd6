import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { engines, rowWith } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

it('creates the schema, runs the sandbox and delivers its outcomes, all in one event', async () => {
  const test = await engines[0].create()
  vi.stubEnv('APIGW_CARRIERS', '{"carriers":[{"queue":"sandbox-apigw-dev","table":"sandbox"}]}')
  vi.stubEnv('APIGW_DATABASE', test.address)
  vi.stubEnv('APIGW_SCHEMA', 'apply')
  vi.stubEnv('APIGW_LEDGER_ENDPOINT', dynamo.endpoint)
  const { handler } = await import('../../../src/runtime/worker/reports-lambda.ts')
  const time = { getRemainingTimeInMillis: () => 60_000 }
  expect(await handler({}, time)).toEqual({ reports: 0 })
  const database = await test.open()
  const row = { ...rowWith(), environment: 'test' } as const
  await database.flush({ queue: 'sandbox-apigw-dev', table: 'sandbox' }, [row])
  expect(await handler({}, { getRemainingTimeInMillis: () => 1_000 })).toEqual({ reports: 0 })
  expect(await handler({}, time)).toEqual({ reports: 1 })
  const { reports } = await dynamo.open().reports({ customer: 'acme', environment: 'test' }, undefined, 10)
  expect(reports).toMatchObject([{ id: row.message.id, status: 'delivered' }])
})
