import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mediaIdOf } from '../../../src/domain/ids.ts'
import type { Message } from '../../../src/domain/message.ts'
import { inspectTable, MediaFiles } from '../../../src/runtime/agent/index.ts'
import { type Media, openMedia } from '../../../src/runtime/ports/index.ts'
import { withNamesOf } from '../../../src/runtime/sql/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { jpeg } from '../../support/jpeg.ts'
import { temporaryFolder } from '../../support/names.ts'
import { agentEngines, engineOf } from '../../support/sql-servers/databases.ts'
import { liveQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { images, type Layout, type Sample } from './layout.ts'
import { createLayout, insertRow, layouts, readRow } from './layouts.ts'
import { mapFolder, shippedMap } from './shipped-maps.ts'
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

test('every shipped map is tried on its table', () => {
  const shipped = readdirSync(mapFolder).map((file) => file.replace('.yaml', ''))
  expect(layouts.map(({ map }) => map).toSorted()).toEqual(shipped.toSorted())
  for (const name of shipped) expect(shippedMap(name).title).toBeDefined()
})

function imageFolder(): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'sub'))
  images.forEach((name, at) => void writeFileSync(join(folder, name), jpeg(100 + at, 100)))
  writeFileSync(join(folder, 'sub', images[0]), jpeg(200, 200))
  return folder
}

const twoImages = (messages: readonly Message[]) => messages.flatMap(({ media: ids }) => (ids?.length === 2 ? [ids] : []))

/** In the order of the second table, and from the folder that it names. */
const expectedTwo = (map: string) =>
  [map === 'em-mmt-tran' ? jpeg(200, 200) : jpeg(100, 100), jpeg(101, 100)].map((image) => mediaIdOf(image))

const keyOf = ({ key }: Layout, { row }: Sample): string | number => row[key] ?? ''

describe.each(agentEngines)('on $engine', ({ engine, create }) => {
  test.each(layouts.map((layout) => [layout.map, layout] as const))('%s fits its table', async (name, layout) => {
    const database = await create()
    await createLayout(database, engine, layout)
    const sql = await engineOf(database)
    onTestFinished(() => sql.close())
    expect(await inspectTable(sql, await withNamesOf(sql, shippedMap(name)))).toEqual([])
  })

  test.each(layouts.map((layout) => [layout.map, layout] as const))('%s is sent and reported', async (name, layout) => {
    const database = await create()
    await createLayout(database, engine, layout)
    const ledger = dynamo.open(() => noon)
    const world = await startWorld({ endpoint: sqs.endpoint, ledger, media, quota: { day: 10_000 } })
    for (const { row, details = [] } of layout.samples) {
      for (const detail of details) await insertRow(database, ...detail)
      await insertRow(database, layout.table, row)
    }
    const agent = await testAgent({
      database,
      world,
      map: shippedMap(name),
      files: new MediaFiles({ root: imageFolder(), settleMs: 0 }),
    })
    const read = (sample: Sample, wanted: object) => readRow(database, engine, layout, keyOf(layout, sample), Object.keys(wanted))

    await agent.drain()
    for (const sample of layout.samples) expect(await read(sample, sample.after)).toEqual(sample.after)
    const messages = sqs.messages(liveQueue, world.customer)
    const sent = layout.samples.filter(({ message }) => message !== undefined)
    expect(messages.map(({ type, text, subject, media: ids }) => ({ type, text, subject, images: ids?.length }))).toEqual(
      expect.arrayContaining(sent.map(({ message }) => ({ subject: undefined, images: undefined, ...message }))),
    )
    expect(messages).toHaveLength(sent.length)
    expect(twoImages(messages)).toEqual(twoImages(messages).map(() => expectedTwo(name)))

    // Every second one fails.
    const isFailed = (text: string) => sent.findIndex(({ message }) => message?.text === text) % 2 === 1
    await ledger.append(
      { customer: world.customer, environment: 'live' },
      messages.map(({ id, ref, text }) => ({
        id,
        ...(ref !== undefined && { ref }),
        status: isFailed(text) ? 'failed' : 'delivered',
        code: isFailed(text) ? 'F9' : '0000',
        at: noon + 5000,
      })),
    )
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(agent.events.at(-1)).toMatchObject({ kind: 'reported', unmatched: 0 })
    for (const sample of sent) {
      const wanted = isFailed(sample.message?.text ?? '') ? sample.failed : sample.delivered
      expect(await read(sample, wanted ?? {})).toEqual(wanted)
    }
  })
})
