import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Proof, ProveEvent } from '../../../src/dev/prove/index.ts'
import { childOf, jsonError, run, runCli, shownError, temporaryFolder } from '../../cli/run.ts'
import { until } from '../../support/until.ts'

const sqlite = ['prove', '--database', 'sqlite', '--registry', 'sqlite']

test('--json prints one object per line, with the result last', async () => {
  const args = [...sqlite, '--faults', 'replay,redelivery', '--messages', '50', '--seed', '3', '--json']
  const { stdout, stderr, code } = await runCli(args, { cwd: temporaryFolder() })
  expect({ stderr, code }, stdout).toEqual({ stderr: '', code: 0 })
  const lines: (ProveEvent | Proof)[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ event }) => event)).toEqual(['started', 'fault', 'fault', 'settling', 'result'])
  const [started, fault] = lines
  expect(started).toEqual({
    event: 'started',
    seed: 3,
    registry: 'SQLite',
    database: 'SQLite',
    folder: expect.stringContaining('apigw-prove-'),
    processes: expect.arrayContaining([{ name: 'gateway 1', pid: expect.any(Number) }]),
    rounds: 2,
  })
  expect(fault).toEqual({
    event: 'fault',
    round: 1,
    fault: expect.stringMatching(/^(replay|redelivery)$/),
    title: expect.any(String),
    detail: expect.any(String),
    seconds: expect.any(Number),
    recoverySeconds: expect.any(Number),
    accepted: expect.any(Number),
  })
  const result = lines.at(-1)
  expect(Object.keys(result ?? {})).toEqual([
    'event',
    'ok',
    'seed',
    'registry',
    'database',
    'faults',
    'accepted',
    'calls',
    'retried',
    'lost',
    'duplicated',
    'oversold',
    'books',
    'wrong',
    'slowestRecoverySeconds',
    'seconds',
  ])
  expect(result).toMatchObject({ ok: true, faults: { replay: 1, redelivery: 1 }, wrong: [] })
}, 180_000)

test('Ctrl-C ends every process, removes the folder, and says that nothing was proven', async () => {
  const child = childOf([...sqlite, '--messages', '100000', '--rate', '20', '--json'], { cwd: temporaryFolder() })
  const reader = createInterface(child.stdout)
  const lines: string[] = []
  reader.on('line', (line) => lines.push(line))
  const [first] = await once(reader, 'line')
  const started: ProveEvent = JSON.parse(String(first))
  if (started.event !== 'started') throw new Error(`the first line is ${first}`)
  expect(started.processes.length).toBeGreaterThanOrEqual(4)
  const ended = once(child, 'exit')
  const read = once(reader, 'close')
  child.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  await read
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ error: { code: 'interrupted' } })
  const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/cmdline`)
  await until(() => !started.processes.some(({ pid }) => isThere(pid)))
  expect(existsSync(started.folder)).toBe(false)
}, 180_000)

test('an unknown fault is refused, with the list of known ones', async () => {
  const { code, ...rest } = await run(['prove', '--faults', 'earthquake'], { cwd: temporaryFolder() })
  expect(code).toBe(2)
  expect(shownError({ code, ...rest })).toEqual({
    message: 'Unknown fault "earthquake".',
    next: expect.stringContaining('gateway-kill, gateway-freeze, worker-kill'),
  })
})

test('an unknown engine is refused, and a password in an address is not shown', async () => {
  const env = { APIGW_DATABASE: 'oracle://system:manager@db' }
  const failed = await run(['prove', '--json'], { cwd: temporaryFolder(), env })
  expect(failed.code).toBe(2)
  expect(jsonError(failed)).toEqual({
    code: 'usage',
    message: '--database is "oracle:…", which is not a supported engine.',
    next: 'use --database mariadb or postgres or sqlite',
  })
})

test("an address in the environment selects only the engine: the user's own servers are not touched", async () => {
  const env = { APIGW_DATABASE: 'sqlite:/nowhere/messages.db', APIGW_REGISTRY: 'sqlite:/nowhere/registry.db' }
  const args = ['prove', '--faults', 'replay', '--messages', '10', '--json']
  const { stdout, code } = await runCli(args, { cwd: temporaryFolder(), env })
  expect(code, stdout).toBe(0)
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ registry: 'SQLite', database: 'SQLite' })
  expect(existsSync('/nowhere')).toBe(false)
}, 180_000)
