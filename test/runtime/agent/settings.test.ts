import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadAgentSettings } from '../../../src/runtime/agent/index.ts'
import { temporaryFolder } from '../../support/names.ts'
import { mapFolder } from './shipped-maps.ts'

function load(table: string) {
  const path = join(temporaryFolder(), 'agent.yaml')
  writeFileSync(path, `version: 1\nname: a1\ngateway: https://api.example.com\ndatabase: sqlite:shop.db\ntables:\n  - ${table}\n`)
  return loadAgentSettings(path, mapFolder).maps.map(({ map }) => map.moveAfter)
}

test('moveAfter of a table takes the place of the one in its map', () => {
  const folder = temporaryFolder()
  const own = join(folder, 'own.yaml')
  writeFileSync(
    own,
    `table: outbox
key: id
columns: { to: recipient, from: sender, text: body, dueAt: send_at }
status: { column: state, ready: 0, claimed: 1, accepted: 2, delivered: 3, failed: 4 }
result: { code: result, delivered: OK, failed: ER }
log: outbox_{yyyymm}
moveAfter: 24h
`,
  )
  expect(load('{ map: em-tran, moveAfter: 1h }')).toEqual([3_600_000])
  expect(load('{ map: em-tran }')).toEqual([undefined])
  expect(load(`{ map: ${own}, moveAfter: 3d }`)).toEqual([3 * 86_400_000])
  expect(load(`{ map: ${own} }`)).toEqual([86_400_000])
})

test('moveAfter needs a map that names a log table', () => {
  expect(() => load('{ map: k-message, moveAfter: 1h }')).toThrow(
    /tables: moveAfter is set for .*, and the map k-message has no "log"/,
  )
  expect(() => load('{ map: em-tran, moveAfter: 60 }')).toThrow('moveAfter')
})
