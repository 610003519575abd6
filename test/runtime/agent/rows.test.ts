import { describe, expect, test } from 'vitest'
import { messageKey } from '../../../src/runtime/agent/identity.ts'
import { prepare } from '../../../src/runtime/agent/prepare.ts'
import { imagesOf, rowFrom, withDetail } from '../../../src/runtime/agent/rows.ts'
import { WaitingRows } from '../../../src/runtime/agent/waiting-rows.ts'
import { shippedMap } from './shipped-maps.ts'

const map = shippedMap('em-tran-mms')
const read = {
  f_key: 7,
  f_to: ' 01012345678 ',
  f_from: '15881234',
  f_text: 'own text',
  f_dueAt: '2026-11-23 11:59:00',
  f_type: '6 ',
  f_status: '1',
  f_claim: null,
  f_link: '31',
}
const options = { map, now: Date.parse('2026-11-23T12:00:00+09:00'), messageKey: 'k'.repeat(22) }

describe('a row', () => {
  test('takes what its second part holds, and keeps its own where that is empty', () => {
    const row = rowFrom(read, map)
    expect(
      withDetail(row, [{ f_text: 'body', f_subject: ' s', f_file0: 'a.jpg ', f_file1: ' ', f_file2: null }], map),
    ).toMatchObject({
      text: 'body',
      subject: ' s',
      files: ['a.jpg'],
      own: { text: 'own text', files: [] },
    })
    expect(withDetail(row, [{ f_text: null, f_subject: '' }], map)).toMatchObject({ text: 'own text', files: [] })
    expect(withDetail(row, [], map)).toMatchObject({ isDetailMissing: true })
  })

  test.each([null, '', '0', 0, ' '])('with the link %j has no second part', (link) => {
    const row = rowFrom({ ...read, f_link: link }, map)
    expect(withDetail(row, [], map)).toEqual(row)
  })

  test('of an SMS has no images and no second part', () => {
    const row = rowFrom({ ...read, f_type: '4' }, map)
    expect(row.link).toBeUndefined()
    expect(imagesOf({ ...row, files: ['left over.jpg'] }, map)).toEqual([])
  })

  test('is prepared with its images only when they are at the gateway', () => {
    const row = { ...rowFrom({ ...read, f_link: 0 }, map), files: ['a.jpg'] }
    expect(prepare(row, options)).toEqual({ kind: 'images', images: ['a.jpg'], isDetailMissing: false })
    expect(prepare(row, { ...options, attached: { kind: 'media', media: ['M1'] } })).toMatchObject({
      kind: 'message',
      message: { request: { type: 'mms', media: ['M1'] } },
    })
    const failed = { kind: 'failed', code: 'file-missing', detail: 'gone' } as const
    expect(prepare(row, { ...options, attached: failed })).toEqual({ ...failed, kind: 'ended', to: 'failed' })
    // A row that is too old needs no image.
    expect(prepare(row, { ...options, maxAgeMs: 60_000 })).toMatchObject({ kind: 'ended', to: 'expired' })
    expect(prepare({ ...row, files: [] }, options)).toMatchObject({ kind: 'message', message: { request: { type: 'lms' } } })
  })

  test('is another message with another link or other images', () => {
    const row = { table: 'em_tran', key: '7', dueAt: 'd', to: 't', from: 'f', text: 'x' }
    const keys = [row, { ...row, link: '1' }, { ...row, link: '2' }, { ...row, files: ['a'] }, { ...row, files: ['a', 'b'] }]
    expect(new Set(keys.map(messageKey)).size).toBe(keys.length)
    expect(messageKey({ ...row, files: [] })).toBe(messageKey(row))
  })
})

test('rows that wait are left out for a while, the newest where they are many', () => {
  const waiting = new WaitingRows(60_000)
  waiting.add(['1', '2', '3'])
  waiting.add(['1'])
  expect(waiting.keys(10)).toEqual(['2', '3', '1'])
  expect(waiting.keys(2)).toEqual(['3', '1'])
  const over = new WaitingRows(-1)
  over.add(['1'])
  expect(over.keys(10)).toEqual([])
})
