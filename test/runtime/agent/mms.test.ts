import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mediaIdOf } from '../../../src/domain/ids.ts'
import { MediaFiles } from '../../../src/runtime/agent/index.ts'
import { type Media, openMedia } from '../../../src/runtime/ports/index.ts'
import { engines } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { jpeg } from '../../support/jpeg.ts'
import { temporaryFolder } from '../../support/names.ts'
import { liveQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { createLayout, insertRow, layoutOf, readRow } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'
import { testAgent } from './support.ts'

let sqs: Sqs
let dynamo: Dynamo
let media: Media | undefined

beforeAll(async () => {
  sqs = await startSqs()
  sqs.server.createBucket('media')
  media = openMedia({ endpoint: sqs.endpoint, bucket: 'media' })
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

const layout = layoutOf('em-tran-mms')

describe.each(engines)('MMS on $engine', ({ engine, create }) => {
  async function start(options: { readonly graceMs?: number; readonly fetch?: typeof fetch; readonly noRoot?: boolean } = {}) {
    const database = await create()
    await createLayout(database, engine, layout)
    const ledger = dynamo.open(() => noon)
    const world = await startWorld({ endpoint: sqs.endpoint, ledger, media, quota: { day: 10_000 } })
    const folder = temporaryFolder()
    const clock = { now: Date.now() }
    const uploads: string[] = []
    const counting: typeof fetch = (url, init) => {
      if (String(url).endsWith('/media')) uploads.push(String(url))
      return (options.fetch ?? fetch)(url, init)
    }
    const files = new MediaFiles({ root: folder, settleMs: 0, now: () => clock.now, graceMs: options.graceMs ?? 60_000 })
    const agent = await testAgent({
      database,
      world,
      map: shippedMap('em-tran-mms'),
      fetch: counting,
      ...(options.noRoot !== true && { files }),
    })
    const add = async (key: number, file: string | null, seq = key) => {
      await insertRow(database, 'em_tran_mms', {
        mms_seq: seq,
        file_cnt: 1,
        mms_body: `body ${seq}`,
        mms_subject: '제목',
        file_name1: file,
      })
      await addRow(key, seq)
    }
    const addRow = (key: number, seq: number, type = 6) =>
      insertRow(database, 'em_tran', {
        tran_pr: key,
        tran_phone: '01012345678',
        tran_callback: '15881234',
        tran_status: '1',
        tran_date: '2026-11-23 11:59:00',
        tran_msg: `text ${key}`,
        tran_etc4: seq,
        tran_type: type,
      })
    const read = async (key: number) => {
      const row = await readRow(database, engine, layout, key, ['tran_status', 'tran_rslt'])
      return `${row.tran_status}${row.tran_rslt ?? ''}`
    }
    const sent = () => sqs.messages(liveQueue, world.customer)
    const failures = () => agent.events.flatMap((event) => (event.kind === 'failed' ? [event.code] : []))
    return { database, ledger, world, folder, clock, uploads, agent, add, addRow, read, sent, failures }
  }

  test('a row whose image is missing is not claimed, does not hold up other rows, and fails in the end', async () => {
    const { agent, add, addRow, read, clock, sent, failures } = await start()
    await add(1, 'late.jpg')
    await addRow(2, 0, 4)
    await agent.drain()
    expect([await read(1), await read(2)]).toEqual(['1', '2'])
    expect(agent.events).toContainEqual({ kind: 'waiting', table: 'em_tran', rows: 1, why: '"late.jpg" is not there' })
    clock.now += 60_000
    await expect.poll(() => agent.drain().then(() => read(1)), { timeout: 10_000 }).toBe('3z')
    expect(failures()).toEqual(['file-missing'])
    expect(sent()).toHaveLength(1)
  })

  test('an image of many rows is uploaded once', async () => {
    const { agent, add, folder, uploads, sent } = await start()
    const image = jpeg(300, 200)
    writeFileSync(join(folder, 'a.jpg'), image)
    for (let key = 1; key <= 10; key++) await add(key, 'a.jpg')
    await agent.drain()
    expect(sent()).toHaveLength(10)
    expect(new Set(sent().flatMap((one) => one.media))).toEqual(new Set([mediaIdOf(image)]))
    expect(uploads).toHaveLength(1)
  })

  test('a file that is not a JPEG or is outside the folder, and a row with too many images, fail; other rows are sent', async () => {
    const { database, agent, add, folder, read, failures, sent } = await start()
    writeFileSync(join(folder, 'a.jpg'), jpeg(300, 200))
    writeFileSync(join(folder, 'a.gif'), 'GIF89a')
    await add(1, 'a.gif')
    await add(2, '../a.jpg')
    await add(3, 'a.jpg')
    await add(4, 'a.jpg')
    await database.sql("UPDATE em_tran_mms SET file_name2 = 'b', file_name3 = 'c', file_name4 = 'd' WHERE mms_seq = 4")
    await agent.drain()
    expect([await read(1), await read(2), await read(3), await read(4)]).toEqual(['3z', '3z', '2', '3z'])
    expect(failures().toSorted()).toEqual(['file-refused', 'media-invalid'])
    expect(sent()).toHaveLength(1)
  })

  test('a row whose part in the second table comes later is sent when it is there', async () => {
    const { database, agent, addRow, read, sent } = await start()
    await addRow(1, 7)
    await agent.drain()
    expect(await read(1)).toBe('1')
    await insertRow(database, 'em_tran_mms', { mms_seq: 7, file_cnt: 0, mms_body: 'late', mms_subject: '제목' })
    await expect.poll(() => agent.drain().then(() => read(1)), { timeout: 10_000 }).toBe('2')
    expect(sent()).toMatchObject([{ type: 'lms', text: 'late', subject: '제목' }])
  })

  test('a report finds its row after it and its second part were moved', async () => {
    const { database, agent, add, folder, world, ledger, sent } = await start()
    writeFileSync(join(folder, 'a.jpg'), jpeg(300, 200))
    await add(1, 'a.jpg')
    await agent.drain()
    await database.sql('CREATE TABLE em_log_202611 AS SELECT * FROM em_tran')
    await database.sql('DELETE FROM em_tran')
    await database.sql('DELETE FROM em_tran_mms')
    const reports = sent().map(({ id, ref }) => ({
      id,
      ...(ref !== undefined && { ref }),
      status: 'delivered' as const,
      code: '0',
      at: noon,
    }))
    await ledger.append({ customer: world.customer, environment: 'live' }, reports)
    await agent.reporter.read(0)
    expect(await readRow(database, engine, { table: 'em_log_202611', key: 'tran_pr' }, 1, ['tran_status', 'tran_rslt'])).toEqual({
      tran_status: '3',
      tran_rslt: '0',
    })
  })

  test('a table of a month that lacks a column holds up no other report', async () => {
    const { database, agent, add, folder, world, ledger, sent, read } = await start()
    writeFileSync(join(folder, 'a.jpg'), jpeg(300, 200))
    await add(1, 'a.jpg')
    await add(2, 'a.jpg')
    await agent.drain()
    await database.sql('CREATE TABLE em_log_202611 AS SELECT tran_pr, tran_status FROM em_tran WHERE tran_pr = 1')
    await database.sql('DELETE FROM em_tran WHERE tran_pr = 1')
    const reports = sent().map(({ id, ref }) => ({
      id,
      ...(ref !== undefined && { ref }),
      status: 'delivered' as const,
      at: noon,
    }))
    await ledger.append({ customer: world.customer, environment: 'live' }, reports)
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await read(2)).toBe('30')
    expect(agent.events.at(-1)).toEqual({ kind: 'reported', reports: 2, unmatched: 1 })
  })

  test('rows with images wait where it is not said where they are, and an SMS does not', async () => {
    const { agent, add, addRow, read } = await start({ noRoot: true })
    await add(1, 'a.jpg')
    await addRow(2, 0, 4)
    await agent.drain()
    expect([await read(1), await read(2)]).toEqual(['1', '2'])
    expect(agent.events).toContainEqual(expect.objectContaining({ kind: 'waiting', why: expect.stringContaining('media.root') }))
  })

  test('an upload without an answer leaves the row as it is, and is repeated', async () => {
    let cut = true
    const cutting: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (!cut || !String(url).endsWith('/media')) return response
      cut = false
      await response.body?.cancel()
      throw new Error('connection cut')
    }
    const { agent, add, folder, read, sent } = await start({ fetch: cutting })
    writeFileSync(join(folder, 'a.jpg'), jpeg(300, 200))
    await add(1, 'a.jpg')
    await agent.drain()
    expect(await read(1)).toBe('1')
    await expect.poll(() => agent.drain().then(() => read(1)), { timeout: 10_000 }).toBe('2')
    expect(sent()).toHaveLength(1)
  })

  test('a refusal that is not the image’s holds the rows', async () => {
    const refusing: typeof fetch = async (url, init) => {
      if (!String(url).endsWith('/media')) return fetch(url, init)
      const body = JSON.stringify({ code: 'customer-suspended', detail: 'suspended', retryable: false })
      return new Response(body, { status: 403, headers: { 'retry-after': '7' } })
    }
    const { agent, add, folder, read } = await start({ fetch: refusing })
    writeFileSync(join(folder, 'a.jpg'), jpeg(300, 200))
    await add(1, 'a.jpg')
    await agent.drain()
    expect(await read(1)).toBe('1')
    expect(agent.sender.isHeld).toBe(true)
    expect(agent.events).toContainEqual(
      expect.objectContaining({ kind: 'held', code: 'customer-suspended', rows: 1, retryMs: 7_000 }),
    )
  })

  test('a claim that a crash interrupted brings its images again, and waits for them', async () => {
    const { agent, add, folder, read, sent, database } = await start()
    const path = join(folder, 'a.jpg')
    writeFileSync(path, jpeg(300, 200))
    await add(1, 'a.jpg')
    const [row] = await agent.table.read(['1'], ['1'])
    if (row === undefined) throw new Error('no row')
    agent.journal.claiming('em_tran', [{ key: '1', messageKey: agent.table.messageKeyOf(row) }])
    await agent.table.claim(['1'], 'a1')
    rmSync(path)
    await agent.drain()
    expect(await read(1)).toBe('2')
    expect(sent()).toHaveLength(0)
    writeFileSync(path, jpeg(300, 200))
    await agent.drain()
    expect(sent()).toHaveLength(1)
    const [{ tran_etc1: mark } = {}] = await database.sql('SELECT tran_etc1 FROM em_tran')
    expect(mark).toBe(sent()[0]?.id)
  })
})
