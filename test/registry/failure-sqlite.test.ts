import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { openRegistry } from '../../src/registry/index.ts'
import { entryOf, freshId, noon, problemOf, profileOf, Tenant } from './fixtures.ts'
import { schemaV2 } from './sqlite-v2.ts'

const folder = mkdtempSync(join(tmpdir(), 'apigw-broken-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const newPath = (): string => join(folder, `${freshId()}.db`)

/** A file large enough to have many pages, with one customer that was served. */
async function filled(): Promise<{ path: string; customer: string }> {
  const path = newPath()
  const registry = await openRegistry(`sqlite:${path}`)
  const customer = await Tenant.with(registry)
  await Promise.all(
    Array.from({ length: 200 }, () => {
      const id = freshId()
      return registry.save(profileOf(id), undefined, entryOf(id, 'added'))
    }),
  )
  await customer.admitted()
  await registry.close()
  return { path, customer: customer.id }
}

/** Opens a file and reads all of it. */
async function useAll(path: string, customer: string): Promise<unknown> {
  const registry = await openRegistry(`sqlite:${path}`)
  try {
    await registry.customers()
    await registry.history(undefined, 1000)
    return await new Tenant(registry, customer).admit()
  } finally {
    await registry.close()
  }
}

describe('a SQLite file', () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

  test('is private to its owner in a folder that exists, with its write-ahead log', async () => {
    const path = newPath()
    const before = process.umask(0)
    const registry = await openRegistry(`sqlite:${path}`).finally(() => process.umask(before))
    await registry.save(profileOf(freshId()), undefined, entryOf('x', 'added'))
    expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual(['600', '600', '600'])
    await registry.close()
  })

  test('that others could read is made private, even if it is already open', async () => {
    const { path } = await filled()
    const reader = await openRegistry(`sqlite:${path}`)
    await reader.save(profileOf(freshId()), undefined, entryOf('x', 'added'))
    for (const file of [path, `${path}-wal`, `${path}-shm`]) chmodSync(file, 0o644)
    const registry = await openRegistry(`sqlite:${path}`)
    expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual(['600', '600', '600'])
    await Promise.all([registry.close(), reader.close()])
  })

  test('of another program keeps its mode', async () => {
    const path = newPath()
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE theirs (id INTEGER)')
    other.close()
    chmodSync(path, 0o644)
    expect((await problemOf(openRegistry(`sqlite:${path}`))).code).toBe('registry-corrupt')
    expect(modeOf(path)).toBe('644')
  })

  test('of version 2 is migrated with its usage, keys and idempotent answers', async () => {
    const path = newPath()
    const customer = freshId()
    const now = noon
    const profile = profileOf(customer, { quotas: { live: { day: 100, month: 1_000 } } })
    const old = new DatabaseSync(path)
    old.exec(schemaV2)
    old.prepare('INSERT INTO profiles VALUES (?, ?, ?)').run(customer, 'v1', JSON.stringify(profile))
    old.prepare('INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)').run(customer, 'live', 0, '2026-11-16', 40, '2026-11', 400)
    const record = old.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)')
    const common = { customer, environment: 'live', units: 3, day: '2026-11-16', month: '2026-11', rateCost: 0 }
    const claim = (key: string) => ({ key, fingerprint: 'body-1' })
    const recordOf = (key: string) => ({
      fingerprint: 'body-1',
      attempt: 1,
      leaseUntil: now - 1,
      reservation: { ...common, id: `old-${key}`, admittedAt: now - 61_000, attempt: 1, idempotency: claim(key) },
    })
    const answered = { ...recordOf('answered'), response: '{"id":"first"}' }
    record.run(customer, 'live', 'answered', JSON.stringify(answered), now + 60_000)
    record.run(customer, 'live', 'crashed', JSON.stringify(recordOf('crashed')), now + 60_000)
    old.prepare('INSERT INTO refunds VALUES (?, ?)').run('given-back', now + 60_000)
    old.prepare('INSERT INTO nonces VALUES (?, ?, ?, ?)').run(customer, 'k-live', 'used', now + 60_000)
    old.close()

    const registry = await openRegistry(`sqlite:${path}`, { now: () => now })
    const tenant = new Tenant(registry, customer)
    for (const credential of profile.credentials) {
      expect(await registry.credential(customer, credential.keyId)).toEqual(credential)
    }
    expect(await tenant.spent()).toEqual([40, 400])
    expect(await tenant.admit({ units: 3, idempotency: claim('answered') })).toMatchObject({
      kind: 'replay',
      response: '{"id":"first"}',
    })
    await tenant.refused('nonce-reused', { nonce: { value: 'used', rememberMs: 60_000 } })
    // A run that resumes with the units of an old one takes none, and its answer is kept.
    const resumed = await tenant.admitted({ units: 3, idempotency: claim('crashed') })
    expect(resumed.reservation).toMatchObject({ id: 'old-crashed', attempt: 2 })
    expect(await tenant.spent()).toEqual([40, 400])
    expect(await tenant.accept(resumed.reservation)).toBe(true)
    const fresh = await tenant.admitted({ units: 5 })
    expect(await tenant.spent()).toEqual([45, 405])
    expect(await tenant.fail(fresh.reservation)).toBe(true)
    expect(await tenant.spent()).toEqual([40, 400])
    expect((await registry.open(customer, 'live')).count).toBe(0)
    await registry.close()
  })

  test('a key lookup does the same work for an unknown customer, an unknown key, and one of thousands', async () => {
    const registry = await openRegistry(`sqlite:${newPath()}`)
    const id = freshId()
    const [first] = profileOf(id).credentials
    const credentials = Array.from({ length: 3_000 }, (_, index) => first && { ...first, keyId: `k-${index}` }).flatMap(
      (one) => one ?? [],
    )
    await registry.save({ ...profileOf(id), credentials }, undefined, entryOf(id, 'added'))
    const run = vi.spyOn(StatementSync.prototype, 'get')
    const parse = vi.spyOn(JSON, 'parse')
    const work = async (customer: string, keyId: string): Promise<unknown> => {
      run.mockClear()
      parse.mockClear()
      await registry.credential(customer, keyId)
      const bytes = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0)
      return [run.mock.calls.length, parse.mock.calls.length, bytes < 1_000]
    }
    const found = [await work(id, 'k-2999'), await work(id, 'none'), await work('stranger', 'k-1')]
    vi.restoreAllMocks()
    expect(found).toEqual([
      [1, 1, true],
      [1, 1, true],
      [1, 1, true],
    ])
    await registry.close()
  })
})

describe('a SQLite file that cannot be read', () => {
  test('random bytes', async () => {
    const path = newPath()
    writeFileSync(path, randomBytes(20_000))
    const problem = await problemOf(openRegistry(`sqlite:${path}`))
    expect(problem.code).toBe('registry-corrupt')
    expect(problem.message).toContain(path)
    expect(problem.next).toContain(path)
  })

  test.each([0.9, 0.5, 0.1])('truncated after %d of its length', async (share) => {
    const { path, customer } = await filled()
    truncateSync(path, Math.floor(statSync(path).size * share))
    const problem = await problemOf(useAll(path, customer))
    expect(problem.code).toBe('registry-corrupt')
    expect(problem.message).toContain(path)
  })

  test('overwritten in the middle: it gives an error or a correct answer', async () => {
    const { path, customer } = await filled()
    const whole = readFileSync(path)
    for (let page = 1; page < whole.length / 4096; page++) {
      const damaged = Buffer.from(whole)
      randomBytes(4096).copy(damaged, page * 4096)
      writeFileSync(path, damaged)
      const outcome = await useAll(path, customer).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'Problem', code: 'registry-corrupt' })
    }
  })

  test('the database of another program is left unchanged', async () => {
    const path = newPath()
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE profiles (a TEXT)')
    other.close()
    const before = readFileSync(path)
    const problem = await problemOf(openRegistry(`sqlite:${path}`))
    expect(problem.code).toBe('registry-corrupt')
    expect(problem.message).toContain(path)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a file of a newer version is left unchanged', async () => {
    const { path } = await filled()
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const problem = await problemOf(openRegistry(`sqlite:${path}`))
    expect(problem).toMatchObject({ code: 'registry-corrupt', next: 'update apigw' })
    expect(problem.message).toContain(path)
  })

  test('a folder, and a path below a file', async () => {
    const { path } = await filled()
    for (const impossible of [folder, join(path, 'below.db')]) {
      const problem = await problemOf(openRegistry(`sqlite:${impossible}`))
      expect(problem.code).toBe('registry-unavailable')
      expect(problem.message).toContain(impossible)
    }
  })
})

describe('a SQLite file that another process holds', () => {
  test('nothing is admitted or changed meanwhile, and everything works afterwards', async () => {
    const path = newPath()
    const registry = await openRegistry(`sqlite:${path}`)
    const customer = await Tenant.with(registry)
    const { reservation } = await customer.admitted()
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN EXCLUSIVE')
    const unavailable = { code: 'registry-unavailable', retryable: true, retryAfterMs: 1000 }
    expect(await problemOf(customer.admit())).toMatchObject(unavailable)
    expect(await problemOf(customer.fail(reservation))).toMatchObject(unavailable)
    expect(await problemOf(customer.setQuota({ day: 1 }))).toMatchObject(unavailable)
    holder.exec('ROLLBACK')
    holder.close()
    expect(await customer.spent()).toEqual([1, 1])
    await customer.admitted()
    expect(await customer.fail(reservation)).toBe(true)
    await registry.close()
  })

  test('a locked new file cannot be opened until it is released', async () => {
    const path = newPath()
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN EXCLUSIVE')
    expect((await problemOf(openRegistry(`sqlite:${path}`))).code).toBe('registry-unavailable')
    holder.exec('ROLLBACK')
    holder.close()
    await (await openRegistry(`sqlite:${path}`)).close()
  })

  test('many processes that open a new file at once all succeed', async () => {
    const program = join(import.meta.dirname, 'opener.ts')
    const children = Array.from({ length: 6 }, () => fork(program, { execPath: process.execPath, execArgv: [] }))
    await Promise.all(children.map((child) => once(child, 'message')))
    for (let round = 0; round < 30; round++) {
      const path = newPath()
      const answers = children.map((child) => once(child, 'message'))
      for (const child of children) child.send(path)
      const said = (await Promise.all(answers)).map(([answer]: unknown[]) => answer)
      expect(said).toEqual(children.map(() => 'opened'))
    }
    for (const child of children) child.disconnect()
  })
})
