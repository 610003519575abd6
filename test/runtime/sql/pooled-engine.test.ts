import { expect, onTestFinished, test, vi } from 'vitest'
import type { Value } from '../../../src/runtime/sql/engine.ts'
import { type Connection, PooledEngine } from '../../../src/runtime/sql/pooled-engine.ts'
import { sqlServerSql } from '../../../src/runtime/sql/sqlserver-sql.ts'

/** A connection to nothing. `hangs`: the call that gets no answer. */
class Line implements Connection {
  readonly calls: string[] = []
  hangs: 'begin' | 'all' | 'commit' | 'rollback' | 'ping' | undefined
  isBroken = false
  isEnded = false

  async #call(name: Exclude<typeof this.hangs, undefined>): Promise<void> {
    this.calls.push(name)
    if (this.isBroken) throw Object.assign(new Error('broken'), { code: 'ESOCKET' })
    if (this.hangs === name) await new Promise(() => undefined)
  }

  begin = () => this.#call('begin')
  commit = () => this.#call('commit')
  rollback = () => this.#call('rollback')
  ping = () => this.#call('ping')

  async all(sql: string, _values: readonly Value[]) {
    await this.#call('all')
    if (sql === 'refused') throw new Error('refused')
    return [{ one: 1 }]
  }

  async run(): Promise<number> {
    return 0
  }

  destroy(): void {
    this.isEnded = true
  }
}

function engineOver(prepare: (line: Line, number: number) => void = () => undefined, connections = 1) {
  const lines: Line[] = []
  const engine = new PooledEngine({
    sql: sqlServerSql,
    address: 'sqlserver://db.example.com/shop',
    connections,
    timeoutMs: 50,
    connect: async () => {
      const line = new Line()
      lines.push(line)
      prepare(line, lines.length)
      return line
    },
  })
  const ask = (sql = 'SELECT 1') => engine.transaction((session) => session.all(sql))
  return { engine, lines, ask }
}

test.each(['begin', 'all', 'commit'] as const)('a server that gives no answer to %s loses its connection', async (hangs) => {
  const { lines, ask } = engineOver((line, number) => {
    if (number === 1) line.hangs = hangs
  })
  await expect(ask()).rejects.toMatchObject({ code: 'database-unavailable', message: expect.stringContaining('no answer') })
  expect(lines.map(({ isEnded }) => isEnded)).toEqual([true])
  // No ROLLBACK: the server would not answer it.
  expect(lines[0]?.calls).not.toContain('rollback')
  expect(await ask()).toEqual([{ one: 1 }])
  expect(lines).toHaveLength(2)
})

test('a statement after which ROLLBACK fails is not a refusal', async () => {
  const { lines, ask } = engineOver((line) => {
    line.rollback = async () => {
      throw new Error('gone')
    }
  })
  await expect(ask('refused')).rejects.toMatchObject({
    code: 'database-unavailable',
    message: expect.stringContaining('refused'),
  })
  expect(lines.map(({ isEnded }) => isEnded)).toEqual([true])
})

test('a connection that ended while it was idle is replaced before it is used', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { lines, ask } = engineOver()
  await ask()
  vi.advanceTimersByTime(4_000)
  await ask()
  expect(lines[0]?.calls).not.toContain('ping')
  vi.advanceTimersByTime(6_000)
  await ask()
  expect(lines[0]?.calls).toContain('ping')
  vi.advanceTimersByTime(6_000)
  if (lines[0] !== undefined) lines[0].isBroken = true
  expect(await ask()).toEqual([{ one: 1 }])
  expect(lines.map(({ isEnded }) => isEnded)).toEqual([true, false])
})

test('a transaction waits for a connection, and not for longer than a statement may take', async () => {
  const { engine, lines, ask } = engineOver()
  const first = Promise.withResolvers<void>()
  const long = engine.transaction(async () => first.promise)
  const waiting = ask()
  first.resolve()
  expect(await waiting).toEqual([{ one: 1 }])
  await long
  expect(lines).toHaveLength(1)

  const second = Promise.withResolvers<void>()
  const longer = engine.transaction(async () => second.promise)
  await expect(ask()).rejects.toMatchObject({ code: 'database-unavailable' })
  second.resolve()
  await longer
  // The place of the one that stopped waiting is not lost.
  expect(await ask()).toEqual([{ one: 1 }])
  expect(lines).toHaveLength(1)
})

test('a connection that cannot be opened leaves its place to the next', async () => {
  let isDown = true
  const engine = new PooledEngine({
    sql: sqlServerSql,
    address: 'sqlserver://db.example.com/shop',
    connections: 1,
    timeoutMs: 50,
    connect: async () => {
      if (isDown) throw Object.assign(new Error('down'), { code: 'ESOCKET' })
      return new Line()
    },
  })
  for (let left = 3; left > 0; left--)
    await expect(engine.transaction(async () => 1)).rejects.toMatchObject({ code: 'database-unavailable' })
  isDown = false
  expect(await engine.transaction(async () => 1)).toBe(1)
})

test('closing ends idle connections at once, and one in use when it is given back', async () => {
  const { engine, lines, ask } = engineOver(undefined, 2)
  const work = Promise.withResolvers<void>()
  const long = engine.transaction(async () => work.promise)
  await ask()
  await engine.close()
  expect(lines.map(({ isEnded }) => isEnded)).toEqual([false, true])
  work.resolve()
  await long
  expect(lines.map(({ isEnded }) => isEnded)).toEqual([true, true])
})
