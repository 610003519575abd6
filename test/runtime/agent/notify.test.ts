import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { checkNotify } from '../../../src/operations/agent/doctor.ts'
import { type Listen, notifyTrigger } from '../../../src/runtime/agent/index.ts'
import { listen as listenTo, openEngine } from '../../../src/runtime/sql/index.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { postgres, start, states, useServices } from './stage.ts'
import { fill, testAgent } from './support.ts'

useServices()

/** A poll finds no row within any of these tests: only a notification can. */
const neverMs = 3_600_000
/** After a notification the agent polls more often for a while. */
const calmMs = 2_500

function listenOn(url: string): Listen {
  return (onNotification, onReady, signal) => listenTo({ url, channel: 'shop', onNotification }, onReady, signal)
}

async function startOnPostgres() {
  const { database, world } = await start({}, postgres.create)
  // As `agent.yaml` of a customer would have it: the text is what `agent init` prints.
  await database.sql(notifyTrigger('shop', ['outbox']))
  return { database, ...(await testAgent({ database, world })) }
}

async function listeners(database: TestDatabase): Promise<number> {
  const [row] = await database.sql("SELECT count(*) AS n FROM pg_stat_activity WHERE query IN ('LISTEN \"shop\"', 'SELECT 1')")
  return Number(row?.n)
}

test('a notification of PostgreSQL makes the agent look at once', async () => {
  const { database, run } = await startOnPostgres()
  await run({ pollMs: neverMs, listen: listenOn(database.address) })
  await expect.poll(() => listeners(database)).toBe(1)
  await sleep(calmMs)
  for (const id of [1, 2]) {
    await fill(database, id, 1)
    await expect.poll(() => states(database), { timeout: 20_000 }).toEqual({ '3': id })
    await sleep(calmMs)
  }
})

test('rows that came while the connection was lost are sent when it is back', async () => {
  const { database, run, events } = await startOnPostgres()
  const url = new URL(database.address)
  const proxy = await startTcpProxy(Number(url.port))
  onTestFinished(() => proxy.close())
  url.port = String(proxy.port)
  await run({ pollMs: neverMs, listen: listenOn(url.href) })
  await expect.poll(() => listeners(database)).toBe(1)
  await sleep(calmMs)
  proxy.set('refuse')
  await expect.poll(() => events.map(({ kind }) => kind)).toContain('not-listening')
  await fill(database, 1, 2)
  expect(await states(database)).toEqual({ '1': 2 })
  proxy.set('pass')
  await expect.poll(() => states(database), { timeout: 20_000 }).toEqual({ '3': 2 })
})

test('rows are found by polling while nothing can listen', async () => {
  const { database, run, events } = await startOnPostgres()
  await run({ listen: listenOn('postgres://agent@127.0.0.1:1/none') })
  await fill(database, 1, 2)
  await expect.poll(() => states(database), { timeout: 20_000 }).toEqual({ '3': 2 })
  await expect.poll(() => events.map(({ kind }) => kind)).toContain('not-listening')
})

test('doctor says which table has no trigger for the channel, and how to add it', async () => {
  const { database } = await start({}, postgres.create)
  const engine = await openEngine(database.address)
  onTestFinished(() => engine.close())
  const [missing] = await checkNotify(engine, 'shop', ['outbox'])
  expect(missing).toMatchObject({ name: 'notify', state: 'warn' })
  await database.sql(String(missing?.fix))
  expect(await checkNotify(engine, 'shop', ['outbox'])).toEqual([expect.objectContaining({ state: 'ok' })])
})

test('the documentation has the trigger', () => {
  expect(readFileSync('docs/agent.md', 'utf8')).toContain(notifyTrigger('apigw', ['apigw_outbox']))
})
