import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { artifactBucket, uploadAsset, zip } from '../../../src/operations/stacks/index.ts'
import { temporaryFolder } from '../../cli/run.ts'
import { account, region, world } from './world.ts'

const usual = `apigw-artifacts-${account}-${region}`

describe('the artifact bucket', () => {
  test('is created once: private, encrypted, TLS only; its policy is written last', async () => {
    const { clients, s3 } = await world()
    expect(await artifactBucket(clients)).toBe(usual)
    expect([...(s3.buckets.get(usual)?.settings.keys() ?? [])]).toEqual([
      'publicAccessBlock',
      'encryption',
      'lifecycle',
      'policy',
    ])
    expect(s3.buckets.get(usual)?.settings.get('policy')).toContain('"aws:SecureTransport":"false"')
    const before = s3.asked.length
    expect(await artifactBucket(clients)).toBe(usual)
    expect(s3.asked.slice(before)).toEqual([`HEAD /${usual}/`, `GET /${usual}/?policy`])
  })
  test('is secured by the next run if the first was interrupted after the creation', async () => {
    const { clients, s3 } = await world()
    s3.buckets.set(usual, { owner: account, settings: new Map(), objects: new Map() })
    await artifactBucket(clients)
    expect(s3.buckets.get(usual)?.settings.size).toBe(4)
  })
  test('is never in a different account, however the name came to be taken', async () => {
    const { clients, s3 } = await world()
    s3.buckets.set(usual, { owner: '999999999999', settings: new Map(), objects: new Map() })
    await expect(artifactBucket(clients)).rejects.toMatchObject({
      code: 'bucket-taken',
      next: expect.stringMatching(/artifactBucket of the stage in apigw\.yaml/),
    })
    expect(await artifactBucket(clients, 'another-name')).toBe('another-name')
  })
})

describe('content', () => {
  test('is uploaded under its hash, once', async () => {
    const { clients, s3 } = await world()
    await artifactBucket(clients)
    const key = await uploadAsset(clients, usual, Buffer.from('code'), 'zip')
    expect(key).toMatch(/^[0-9a-f]{64}\.zip$/)
    expect(await uploadAsset(clients, usual, Buffer.from('code'), 'zip')).toBe(key)
    expect(await uploadAsset(clients, usual, Buffer.from('other'), 'zip')).not.toBe(key)
    expect(s3.asked.filter((one) => one.startsWith('PUT') && one.endsWith('.zip'))).toHaveLength(2)
  })
})

describe('an archive', () => {
  test('contains its files, world-readable', () => {
    const files = unzipSync(zip({ 'index.mjs': 'export {}', 'a/b.txt': Buffer.from([1, 2]) }))
    expect(Object.keys(files)).toEqual(['a/b.txt', 'index.mjs'])
    expect(Buffer.from(files['index.mjs'] ?? []).toString()).toBe('export {}')
    const bytes = Buffer.from(zip({ 'index.mjs': '' }))
    const central = bytes.indexOf(Buffer.from('PK\u0001\u0002'))
    expect(bytes.readUInt32LE(central + 38) >>> 16).toBe(0o100_644)
  })
  test('has the same bytes for any file order, time and time zone', () => {
    const here = zip({ 'a.mjs': '1', 'b.mjs': '2' })
    expect(zip({ 'b.mjs': '2', 'a.mjs': '1' })).toEqual(here)
    const script = join(temporaryFolder(), 'zip.ts')
    const source = new URL('../../../src/operations/stacks/zip.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { zip } from '${source}'\nprocess.stdout.write(Buffer.from(zip({ 'a.mjs': '1', 'b.mjs': '2' })).toString('hex'))`,
    )
    for (const TZ of ['Pacific/Auckland', 'America/Los_Angeles']) {
      const there = execFileSync(process.execPath, [script], { env: { ...process.env, TZ }, encoding: 'utf8' })
      expect(there).toBe(Buffer.from(here).toString('hex'))
    }
  })
})
