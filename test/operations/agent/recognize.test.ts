import { describe, expect, onTestFinished, test } from 'vitest'
import { recognizeIn, recognizeTables } from '../../../src/operations/agent/index.ts'
import { createLayout, insertRow, layoutOf, layouts } from '../../runtime/agent/layouts.ts'
import { mapFolder } from '../../runtime/agent/shipped-maps.ts'
import { engines } from '../../support/databases.ts'
import { engineOf, fakeEngines } from '../../support/sql-servers/databases.ts'

describe.each(engines)('in a database on $engine', ({ engine, create }) => {
  test('each table in use is recognized, once', async () => {
    const database = await create()
    // The layout with the second table of EM_TRAN has the first one too.
    for (const layout of layouts.filter(({ map }) => map !== 'em-tran')) await createLayout(database, engine, layout)
    const found = await recognizeTables(database.address, undefined, mapFolder)
    expect(found.map(({ map }) => map)).toEqual(
      layouts
        .map(({ map }) => map)
        .filter((map) => map !== 'em-tran')
        .toSorted(),
    )
  })

  test('a table whose rows use the column of the claim is recognized too', async () => {
    const database = await create()
    const layout = layoutOf('em-tran')
    await createLayout(database, engine, layout)
    await insertRow(database, 'em_tran', { ...layout.samples[0]?.row, tran_etc1: 'order 7' })
    expect(await recognizeTables(database.address, undefined, mapFolder)).toEqual([
      { map: 'em-tran', title: 'EM_TRAN', table: 'em_tran' },
    ])
  })
})

test.each(fakeEngines)('each table in use is recognized in $engine', async ({ engine, create }) => {
  const database = await create()
  const wanted = layouts.filter(({ map }) => map !== 'em-tran')
  for (const layout of wanted) await createLayout(database, engine, layout)
  const sql = await engineOf(database)
  onTestFinished(() => sql.close())
  expect((await recognizeIn(sql, mapFolder)).map(({ map }) => map)).toEqual(wanted.map(({ map }) => map).toSorted())
})
