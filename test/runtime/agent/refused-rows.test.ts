import { describe, expect, test } from 'vitest'
import { agentEngines } from '../../support/sql-servers/databases.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { createLayout, insertRow, layoutOf, readRow } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'
import { useServices } from './stage.ts'
import { testAgent } from './support.ts'

const services = useServices()

const layout = layoutOf('sc-tran')
const [create0 = '', ...others] = layout.ddl

describe.each(agentEngines)('on $engine', ({ engine, create }) => {
  async function start(condition: string) {
    const database = await create()
    const ddl = [create0.replace(/\)$/, `, CHECK (${condition}))`), ...others]
    await createLayout(database, engine, { ...layout, ddl })
    const [sample] = layout.samples
    for (let key = 1; key <= 9; key++)
      await insertRow(database, 'SC_TRAN', { ...sample?.row, TR_NUM: key, TR_MSG: `text ${key}` })
    const ledger = services.dynamo.open(() => noon)
    const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 10_000 } })
    const agent = await testAgent({ database, world, map: shippedMap('sc-tran') })
    const states = async () => {
      const found: string[] = []
      for (let key = 1; key <= 9; key++) {
        found.push(String((await readRow(database, engine, layout, key, ['TR_SENDSTAT'])).TR_SENDSTAT))
      }
      return found.join('')
    }
    const sent = () => services.sqs.messages(liveQueue, world.customer)
    return { world, ledger, agent, states, sent }
  }

  test('a row that the database refuses to change keeps no other from its outcome, and its own stays in the journal', async () => {
    const { world, ledger, agent, states, sent } = await start("TR_NUM <> 4 OR TR_SENDSTAT <> '2'")
    await agent.drain()
    expect(await states()).toBe('111111111')
    const reports = sent().map(({ id, ref }) => ({
      id,
      ...(ref !== undefined && { ref }),
      status: 'delivered' as const,
      at: noon,
    }))
    await ledger.append({ customer: world.customer, environment: 'live' }, reports)
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await states()).toBe('222122222')
    expect(agent.events).toContainEqual(expect.objectContaining({ kind: 'refused', rows: 1 }))
    expect(agent.journal.counts()).toMatchObject({ unwritten: 1, states: { delivered: 9 } })
    agent.journal.retryRefused()
    await agent.reporter.read(0)
    expect(agent.events.filter(({ kind }) => kind === 'refused')).toHaveLength(2)
    expect(sent()).toHaveLength(9)
  })

  test('a row that the database refuses to claim keeps no other from being sent', async () => {
    const { agent, states, sent } = await start("TR_NUM <> 4 OR TR_SENDSTAT = '0'")
    await agent.drain()
    expect(await states()).toBe('111011111')
    expect(sent()).toHaveLength(8)
    expect(agent.events.filter(({ kind }) => kind === 'refused')).toHaveLength(1)
  })

  test('a table that refuses every claim is said to be at fault, and nothing is sent', async () => {
    const { agent, states, sent } = await start("TR_SENDSTAT = '0'")
    await expect(agent.drain()).rejects.toThrow(/check|constraint/i)
    expect(await states()).toBe('000000000')
    expect(sent()).toHaveLength(0)
  })
})
