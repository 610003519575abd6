import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startLocal } from '../../src/dev/local/index.ts'
import { contentsOf, ok, type RunOptions, registryFile, run, temporaryFolder } from './run.ts'

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
  readonly fix?: string
}
interface Report {
  readonly code: number
  readonly summary: Readonly<Record<string, number>>
  readonly checks: readonly Check[]
}

async function doctor(options: RunOptions, ...more: string[]): Promise<Report> {
  const { stdout, stderr, code } = await run(['doctor', '--json', ...more], options)
  expect(stderr).toBe('')
  const report = JSON.parse(stdout)
  expect(Object.keys(report)).toEqual(['summary', 'checks'])
  expect(Object.keys(report.summary)).toEqual(['ok', 'warn', 'fail'])
  return { code, ...report }
}

/** A complete setup, and a folder whose apigw.yaml refers to it. */
async function healthyFolder(): Promise<RunOptions> {
  const cwd = temporaryFolder()
  const actor = { who: 'tester', from: 'here' }
  const local = await startLocal({ folder: join(cwd, '.apigw'), port: 0, sqsPort: 0, actor, onFault: () => undefined })
  onTestFinished(() => local.stop())
  writeFileSync(
    join(cwd, 'apigw.yaml'),
    `version: 1\nstages:\n  dev:\n    registry: sqlite:.apigw/registry.db\n    gateway: ${local.gateway}\n    sqsEndpoint: ${local.sqs}\n    region: ap-northeast-2\n`,
  )
  return { cwd }
}

function stateOf(report: Report, name: string): string | undefined {
  return report.checks.find((check) => check.name === name)?.state
}

describe('a healthy setup', () => {
  test('checks everything, and exits with 0', async () => {
    const here = await healthyFolder()
    const complete = ['--day', '5', '--queue', 'carrier-a', '--sender', '1588-1234', '--key', 'live', '--key', 'test']
    await ok(['customer', 'add', 'acme', ...complete], here)
    const report = await doctor(here)
    expect(report).toMatchObject({ code: 0, summary: { ok: 7, warn: 0, fail: 0 } })
    expect(report.checks.map(({ name }) => name)).toEqual([
      'node',
      'config',
      'registry',
      'customers',
      'gateway',
      'queue carrier-a',
      'queue sandbox',
    ])
    for (const check of report.checks)
      expect(check).toEqual({ name: expect.any(String), state: 'ok', detail: expect.stringMatching(/\S/) })
  })
  test('prints text: one line per check, and a summary', async () => {
    const { stdout, stderr, code } = await run(['doctor'], await healthyFolder())
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout).toMatch(/^✓ node {2}Node \d+/)
    expect(stdout).toMatch(/\n5 ok, 0 warnings, 0 failed\n$/)
  })
  test('changes nothing', async () => {
    const here = await healthyFolder()
    await ok(['customer', 'add', 'acme', '--key', 'live'], here)
    const before = contentsOf(registryFile(here.cwd))
    await doctor(here)
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
    const empty = temporaryFolder()
    expect((await doctor({ cwd: empty })).code).toBe(1)
    expect(readdirSync(empty)).toEqual([])
  })
})

describe('a customer that cannot send gets a warning with the command that fixes it', () => {
  test('each warning disappears once its fix is run', async () => {
    const here = await healthyFolder()
    await ok(['customer', 'add', 'acme'], here)
    const typed: string[] = []
    for (;;) {
      const report = await doctor(here)
      expect(report.code).toBe(0)
      const warning = report.checks.find(({ name }) => name === 'customer acme')
      if (warning === undefined) break
      expect(warning).toEqual({
        name: 'customer acme',
        state: 'warn',
        detail: expect.stringMatching(/^has /),
        fix: expect.stringMatching(/^apigw /),
      })
      const fix = (warning.fix ?? '').replace('QUEUE', 'carrier-a').replace('NUMBER', '15881234').replace(/\bN\b/, '5')
      expect(typed).not.toContain(fix)
      typed.push(fix)
      await ok(fix.split(' ').slice(1), here)
    }
    expect(typed).toEqual([
      'apigw key issue acme',
      'apigw quota set acme --env live --day 5',
      'apigw route set acme --env live --queue carrier-a',
      'apigw sender add acme 15881234',
    ])
  })
  test('a suspended customer gets no warning about missing settings', async () => {
    const here = await healthyFolder()
    await ok(['customer', 'add', 'acme'], here)
    await ok(['customer', 'suspend', 'acme'], here)
    expect(await doctor(here)).toMatchObject({ code: 0, summary: { warn: 0 } })
  })
  test('a sender that expires soon, or has expired, is named with the command that renews it', async () => {
    const here = await healthyFolder()
    const complete = ['--day', '5', '--queue', 'carrier-a', '--key', 'live', '--sender', '1588-1234']
    await ok(['customer', 'add', 'acme', ...complete], here)
    await ok(['sender', 'set', 'acme', '15881234', '--expires', '20d'], here)
    expect((await doctor(here)).checks).toContainEqual({
      name: 'customer acme',
      state: 'warn',
      detail: expect.stringMatching(/^its sender 15881234 expires on \d{4}-\d\d-\d\d$/),
      fix: 'apigw sender set acme 15881234 --expires WHEN',
    })
    await ok(['sender', 'set', 'acme', '15881234', '--expires', '2020-01-01T00:00:00Z'], here)
    expect((await doctor(here)).checks).toContainEqual({
      name: 'customer acme',
      state: 'warn',
      detail: 'its senders have expired, so its live messages are refused',
      fix: 'apigw sender add acme NUMBER',
    })
    await ok(['customer', 'set', 'acme', '--senders', 'any'], here)
    expect((await doctor(here)).checks.filter(({ name }) => name === 'customer acme')).toEqual([])
  })
  test('a revoked key does not count as a key', async () => {
    const here = await healthyFolder()
    const keyId = JSON.parse(await ok(['customer', 'add', 'acme', '--key', 'live', '--json'], here)).keys[0].keyId
    await ok(['key', 'revoke', 'acme', keyId], here)
    expect((await doctor(here)).checks).toContainEqual({
      name: 'customer acme',
      state: 'warn',
      detail: 'has no active key',
      fix: 'apigw key issue acme',
    })
  })
})

describe('a failed check gives exit code 1 and says what to do', () => {
  test('nothing is set up yet', async () => {
    const report = await doctor({ cwd: temporaryFolder() }, '--gateway', 'http://127.0.0.1:1')
    expect(report).toMatchObject({ code: 1, summary: { ok: 1, warn: 2, fail: 1 } })
    expect(report.checks.slice(1)).toEqual([
      { name: 'config', state: 'warn', detail: expect.stringContaining('no apigw.yaml'), fix: 'apigw init' },
      { name: 'registry', state: 'warn', detail: expect.stringContaining('does not exist yet'), fix: 'apigw customer add' },
      { name: 'gateway', state: 'fail', detail: 'http://127.0.0.1:1 does not answer', fix: 'start it: apigw dev' },
    ])
  })
  test('prints text', async () => {
    const { stdout, code } = await run(['doctor', '--gateway', 'http://127.0.0.1:1'], { cwd: temporaryFolder() })
    expect(code).toBe(1)
    expect(stdout).toContain('✗ gateway  http://127.0.0.1:1 does not answer\n    fix: start it: apigw dev\n')
    expect(stdout).toMatch(/\n1 ok, 2 warnings, 1 failed\n$/)
  })
  test('the other checks still run when the registry does not answer', async () => {
    const here = await healthyFolder()
    const report = await doctor(here, '--registry', 'redis://127.0.0.1:1')
    expect(report.code).toBe(1)
    expect([stateOf(report, 'registry'), stateOf(report, 'gateway')]).toEqual(['fail', 'ok'])
    const fix = report.checks.find(({ name }) => name === 'registry')?.fix
    expect(fix).toContain('--registry')
    expect(fix).not.toContain('apigw doctor')
  })
  test('a damaged registry', async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, '.apigw'))
    writeFileSync(registryFile(cwd), 'no database '.repeat(500))
    const report = await doctor({ cwd })
    expect(report.checks.find(({ name }) => name === 'registry')).toMatchObject({
      state: 'fail',
      fix: expect.stringContaining('restore a backup'),
    })
  })
  test('a gateway that is not ready', async () => {
    const server = createServer((_, response) => response.writeHead(503).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
    const address = server.address()
    const gateway = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const report = await doctor({ cwd: temporaryFolder() }, '--gateway', gateway)
    expect(report.checks).toContainEqual({
      name: 'gateway',
      state: 'fail',
      detail: expect.stringContaining('answers 503'),
      fix: expect.stringContaining('log'),
    })
  })
  test('a route to a queue that does not exist', async () => {
    const here = await healthyFolder()
    await ok(['customer', 'add', 'acme', '--day', '5', '--queue', 'carrier-z', '--key', 'live'], here)
    const report = await doctor(here)
    expect(report.code).toBe(1)
    expect(report.checks.find(({ name }) => name === 'queue carrier-z')).toMatchObject({
      state: 'fail',
      fix: expect.stringMatching(/\S/),
    })
    expect(stateOf(report, 'queue sandbox')).toBe('ok')
  })
})

test('a broken apigw.yaml gives the same error as elsewhere', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'apigw.yaml'), 'version: 1\nstages: {dev: {gateway: x}}\n')
  expect(await run(['doctor'], { cwd })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('stages.dev.gateway'),
  })
})
