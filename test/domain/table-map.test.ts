import { describe, expect, test } from 'vitest'
import { tableMap } from '../../src/domain/table-map.ts'

const map = {
  table: 'msg',
  key: 'id',
  columns: { to: 'phone', from: 'callback', text: 'body', dueAt: 'due', type: 'kind' },
  types: { '0': 'sms', '5': 'mms-or-lms' },
  status: { column: 'state', ready: '0', claimed: '1', accepted: '2', delivered: '3', failed: '4' },
  result: { code: 'code', delivered: { '0': '4100', '5': '6600' }, failed: '9999' },
}

describe('a table map', () => {
  test('may have a second table, lists of values, and results by type', () => {
    const detail = { table: 'mms', key: 'seq', link: 'mms_seq', columns: { text: 'body', files: ['file1', 'file2'] } }
    expect(tableMap.safeParse({ ...map, detail, where: { agent: ['', ' '], kind: 1 } }).success).toBe(true)
  })

  test.each([
    [{ status: { ...map.status, claimed: '2' } }, 'needs "claim"'],
    [{ result: { ...map.result, delivered: { '0': '4100' } } }, 'needs a result for each value of "types"'],
    [{ where: { agent: [] } }, ''],
    [{ columns: { ...map.columns, files: [] } }, ''],
    [{ types: { '0': 'fax' } }, ''],
    [{ detail: { table: 'mms', key: 'seq; DROP TABLE msg', link: 'a', columns: {} } }, ''],
    [{ fileSeparator: '' }, ''],
    [{ colums: {} }, ''],
  ])('is refused: %j', (changes, why) => {
    const parsed = tableMap.safeParse({ ...map, ...changes })
    expect(parsed.success).toBe(false)
    expect(parsed.error?.issues[0]?.message).toContain(why)
  })
})
