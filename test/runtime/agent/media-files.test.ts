import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MediaFiles } from '../../../src/runtime/agent/index.ts'
import { jpeg } from '../../support/jpeg.ts'
import { temporaryFolder } from '../../support/names.ts'

function start(graceMs = 60_000) {
  const root = temporaryFolder()
  const clock = { now: 0 }
  const files = new MediaFiles({ root, graceMs, now: () => clock.now })
  const later = (ms: number, name = 'a.jpg') => {
    clock.now += ms
    return files.look(name)
  }
  return { root, clock, files, later, path: join(root, 'a.jpg') }
}

describe('an image file', () => {
  test('is read when its size has not changed for two seconds', async () => {
    const { later, path } = start()
    const image = jpeg(100, 100, 5000)
    writeFileSync(path, image.subarray(0, 1000))
    expect(await later(0)).toMatchObject({ kind: 'waiting' })
    expect(await later(1_999)).toMatchObject({ kind: 'waiting' })
    appendFileSync(path, image.subarray(1000))
    expect(await later(1_999)).toMatchObject({ kind: 'waiting' })
    expect(await later(1_999)).toMatchObject({ kind: 'waiting' })
    const state = await later(1)
    expect(state.kind).toBe('ready')
    if (state.kind === 'ready') expect(Buffer.from(state.bytes).equals(image)).toBe(true)
  })

  test('that ends in the middle waits for its end, as far as the grace time', async () => {
    const { later, path } = start()
    const image = jpeg(100, 100, 5000)
    writeFileSync(path, image.subarray(0, 1000))
    await later(0)
    expect(await later(59_999)).toEqual({ kind: 'waiting', why: '"a.jpg" ends in the middle of the image' })
    expect(await later(1)).toMatchObject({ kind: 'failed', code: 'media-invalid' })
  })

  test('that is missing is waited for, and fails after that', async () => {
    const { later, path } = start()
    expect(await later(0)).toEqual({ kind: 'waiting', why: '"a.jpg" is not there' })
    expect(await later(59_999)).toMatchObject({ kind: 'waiting' })
    expect(await later(1)).toEqual({ kind: 'failed', code: 'file-missing', detail: '"a.jpg" is not there' })
    writeFileSync(path, jpeg(100, 100))
    expect(await later(1)).toMatchObject({ kind: 'waiting' })
    expect(await later(2_000)).toMatchObject({ kind: 'ready' })
  })

  test.each([
    ['is another format', Buffer.from('GIF89a, and more of it'), 'is not a whole JPEG image'],
    ['is empty', Buffer.alloc(0), 'is not a whole JPEG image'],
    ['is too large', jpeg(100, 100, 307_200), 'bytes, and 307200 are allowed'],
    ['is too wide', jpeg(1501, 100), 'pixels'],
  ])('that %s fails', async (_what, bytes, why) => {
    const { later, path } = start()
    writeFileSync(path, bytes)
    await later(0)
    const state = await later(2_000)
    expect(state).toMatchObject({ kind: 'failed', code: 'media-invalid', detail: expect.stringContaining(why) })
  })

  test('is read below the folder only', async () => {
    const { root, files } = start()
    const outside = temporaryFolder()
    const secret = join(outside, 'secret.jpg')
    writeFileSync(secret, jpeg(100, 100))
    symlinkSync(secret, join(root, 'link.jpg'))
    symlinkSync(outside, join(root, 'folder'))
    mkdirSync(join(root, 'sub'))
    const names = [
      secret,
      '../x.jpg',
      'sub/../../x.jpg',
      'sub\\..\\..\\x.jpg',
      'link.jpg',
      'folder/secret.jpg',
      '.',
      'sub',
      'a\0b',
    ]
    for (const name of names) expect(await files.look(name)).toMatchObject({ kind: 'failed', code: 'file-refused' })
  })

  test('may be named by its whole path, and be a link inside the folder', async () => {
    const { root, clock, files } = start()
    mkdirSync(join(root, 'sub'))
    const path = join(root, 'sub', '사진 1.jpg')
    writeFileSync(path, jpeg(100, 100))
    symlinkSync(path, join(root, 'link.jpg'))
    for (const name of [path, 'sub/사진 1.jpg', 'link.jpg']) {
      await files.look(name)
      clock.now += 2_000
      expect(await files.look(name)).toMatchObject({ kind: 'ready' })
    }
  })

  test.each([
    ['D:\\mms', 'D:\\mms\\2026\\a.jpg'],
    ['d:\\MMS\\', 'D:\\mms\\2026/a.jpg'],
    ['\\\\nas\\mms', '\\\\NAS\\mms\\2026\\a.jpg'],
    ['/data/mms', '/data/mms/2026/a.jpg'],
    ['/data/mms', '2026\\a.jpg'],
  ])('may be named as another machine sees the folder: %s, %s', async (writtenAs, name) => {
    const root = temporaryFolder()
    mkdirSync(join(root, '2026'))
    writeFileSync(join(root, '2026', 'a.jpg'), jpeg(100, 100))
    expect(await new MediaFiles({ root, writtenAs, settleMs: 0 }).look(name)).toMatchObject({ kind: 'ready' })
  })

  test('is not found by the name of another folder', async () => {
    const files = new MediaFiles({ root: temporaryFolder(), writtenAs: 'D:\\mms', settleMs: 0, graceMs: 0 })
    expect(await files.look('D:\\mms2\\a.jpg')).toMatchObject({ kind: 'failed', code: 'file-missing' })
    expect(await files.look('D:\\mms\\..\\a.jpg')).toMatchObject({ kind: 'failed', code: 'file-refused' })
    expect(await files.look('D:\\mms\\/etc/hostname')).toMatchObject({ kind: 'failed', code: 'file-refused' })
  })

  test('waits while the folder is gone, for however long', async () => {
    const { root, later } = start()
    rmSync(root, { recursive: true })
    expect(await later(0)).toMatchObject({ kind: 'waiting', why: expect.stringContaining('cannot be read') })
    expect(await later(600_000)).toMatchObject({ kind: 'waiting' })
  })

  test('is another version after it was changed in place', async () => {
    const { later, path } = start()
    writeFileSync(path, jpeg(100, 100, 50))
    await later(0)
    const first = await later(2_000)
    truncateSync(path, 0)
    writeFileSync(path, jpeg(100, 100, 60))
    await later(0)
    const second = await later(2_000)
    if (first.kind !== 'ready' || second.kind !== 'ready') throw new Error(`${first.kind}, ${second.kind}`)
    expect(second.version).not.toBe(first.version)
  })
})
