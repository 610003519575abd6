import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readBackupFile, writeBackupFile } from '../../../src/cli/backup-file.ts'
import { backupLines, checkBackup, restoreRegistry } from '../../../src/operations/registry/index.ts'
import type { CopyableStore } from '../../../src/registry/index.ts'
import { CopyWorld } from '../../registry/copy-places.ts'
import { type Clock, entryOf, noon, problemOf, profileOf } from '../../registry/fixtures.ts'

const clock: Clock = { now: noon }
const folder = mkdtempSync(join(tmpdir(), 'apigw-backup-'))
const file = join(folder, 'registry.backup')
let world: CopyWorld
let source: CopyableStore

beforeAll(async () => {
  world = new CopyWorld(inject('redis'), clock)
  const place = await world.empty('sqlite')
  const registry = await place.open()
  for (const id of ['acme', 'shop']) await registry.save(profileOf(id), undefined, entryOf(id, 'added'))
  const call = {
    customer: 'acme',
    keyId: 'k-live',
    environment: 'live',
    api: 'messages',
    units: 3,
    address: '0'.repeat(32),
    reservation: 'r1',
  } as const
  await registry.admit({ ...call, idempotency: { key: 'order-1', fingerprint: 'f' } })
  await registry.close()
  source = await place.copyable()
  await writeBackupFile(file, backupLines(source))
})
afterAll(async () => {
  await source.close()
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = (path: string) => () => readBackupFile(path)

test.each(['redis', 'dynamodb'] as const)('a registry that is lost comes back in %s with what was spent', async (kind) => {
  const place = await world.empty(kind)
  const target = await place.copyable()
  const { counts } = await restoreRegistry(file, open(file), target)
  expect(counts).toMatchObject({ profile: 2, history: 2 })
  const registry = await place.open()
  expect((await registry.open('acme', 'live')).units).toBe(3)
  expect((await registry.usage('acme', 'live')).usage.dayUsed).toBe(3)
  expect((await registry.profile('shop'))?.profile).toEqual(profileOf('shop'))
  // It is in use from now on.
  expect(await problemOf(restoreRegistry(file, open(file), target))).toMatchObject({ code: 'registry-not-empty' })
  expect((await registry.open('acme', 'live')).units).toBe(3)
  await registry.close()
  await target.close()
})

test('a restore that is interrupted refuses calls, and begins again with the same command', async () => {
  const place = await world.empty('sqlite')
  const target = await place.copyable()
  const failing: CopyableStore = Object.assign(Object.create(target), {
    write: () => Promise.reject(new Error('killed')),
    putOwnDocument: target.putOwnDocument.bind(target),
    noteFreeze: target.noteFreeze.bind(target),
    ownDocument: target.ownDocument.bind(target),
    isEmpty: target.isEmpty.bind(target),
    clear: target.clear.bind(target),
    now: target.now.bind(target),
  })
  await expect(restoreRegistry(file, open(file), failing)).rejects.toThrow('killed')
  const registry = await place.open()
  expect(await problemOf(registry.save(profileOf('late'), undefined, entryOf('late', 'added')))).toMatchObject({
    code: 'registry-frozen',
  })
  await restoreRegistry(file, open(file), target)
  expect(await registry.customers()).toHaveLength(2)
  await registry.save(profileOf('late'), undefined, entryOf('late', 'added'))
  await registry.close()
  await target.close()
})

test('a file that was changed, cut or is something else is refused before anything is written', async () => {
  const text = gunzipSync(readFileSync(file)).toString()
  const lines = text.trimEnd().split('\n')
  const variants = {
    edited: gzipSync(text.replace('"units":3', '"units":1')),
    shortened: gzipSync(`${lines.slice(0, -1).join('\n')}\n`),
    swapped: gzipSync(`${[lines[0], ...lines.slice(2)].join('\n')}\n`),
    later: gzipSync(text.replace('"format":1', '"format":9')),
    other: gzipSync('{}\n'),
    cut: readFileSync(file).subarray(0, 200),
    text: Buffer.from('hello'),
  }
  const empty = await world.empty('sqlite')
  for (const [name, bytes] of Object.entries(variants)) {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    expect(await problemOf(checkBackup(path, readBackupFile(path))), name).toMatchObject({ code: 'backup-invalid' })
    const target = await empty.copyable()
    expect(await problemOf(restoreRegistry(path, open(path), target)), name).toMatchObject({ code: 'backup-invalid' })
    expect(await target.ownDocument('frozen')).toBeUndefined()
    await target.close()
  }
})

test("the file is its owner's alone, holds no secret, and is not replaced", async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(gunzipSync(readFileSync(file)).toString()).not.toMatch(/apigw_(?:live|test)_/)
  expect(await problemOf(writeBackupFile(file, backupLines(source)))).toMatchObject({ code: 'config-exists' })
})
