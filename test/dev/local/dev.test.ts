import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bin, cleanEnv, jsonError, runCli, secretsIn, shownError, temporaryFolder } from '../../cli/run.ts'
import { listeningOf } from '../../support/listening.ts'
import { until } from '../../support/until.ts'
import { demoCredentials, post, shortenVisibility, startDev, storedIds } from './dev-process.ts'

const freePorts = ['--port', '0', '--sqs-port', '0']

function mode(path: string): number {
  return statSync(path).mode & 0o777
}

async function busyPort(): Promise<number> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('the first start', () => {
  test('prints its address, and its demo customer can send', async () => {
    const folder = temporaryFolder()
    const dev = await startDev(folder)
    expect(JSON.parse(dev.stdout())).toEqual({
      gateway: dev.gateway,
      sqs: dev.sqs,
      data: join(folder, '.apigw'),
      customer: 'demo',
    })
    for (const address of [dev.gateway, dev.sqs]) expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(mode(join(folder, '.apigw'))).toBe(0o700)
    expect(mode(join(folder, '.apigw/demo.env'))).toBe(0o600)
    expect(readFileSync(join(folder, '.apigw/.gitignore'), 'utf8')).toBe('*\n')
    expect(secretsIn(dev.stdout() + dev.stderr())).toEqual([])

    const { status, id } = await post(dev.gateway, demoCredentials(folder))
    expect(status).toBe(202)
    await until(() => storedIds(folder).includes(id))
  })

  test('shows the credentials once on a terminal, in a command that can be copied', async () => {
    const folder = temporaryFolder()
    const first = await runUntilWelcome(folder)
    expect(secretsIn(first)).toHaveLength(1)
    expect(first).toContain(`curl -u '${demoCredentials(folder)}' http://127.0.0.1:`)
    const second = await runUntilWelcome(folder)
    expect(secretsIn(second)).toEqual([])
    expect(second).toContain(`. ${join(folder, '.apigw/demo.env')}`)
    expect(first + second).not.toContain('\u001b')
  })

  test('uses only the registry on this machine', async () => {
    const folder = temporaryFolder()
    const dev = await startDev(folder, [], { APIGW_REGISTRY: 'redis://127.0.0.1:1' })
    expect(await post(dev.gateway, demoCredentials(folder))).toMatchObject({ status: 202 })
  })
})

/** Text output: starts without `--json`, and stops as soon as all of it has arrived. */
async function runUntilWelcome(folder: string): Promise<string> {
  const child = spawn(process.execPath, [bin, 'dev', ...freePorts], { cwd: folder, env: cleanEnv() })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    if (stdout.includes('Press Ctrl-C to stop.')) child.kill('SIGINT')
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(0)
  return stdout
}

describe('while it runs', () => {
  test('a change by another process applies to the next call', async () => {
    const folder = temporaryFolder()
    const here = { cwd: folder }
    const { gateway } = await startDev(folder)
    const added = await runCli(
      ['customer', 'add', 'acme', '--day', '2', '--queue', 'carrier-a', '--sender', '1588-1234', '--key', 'live', '--json'],
      here,
    )
    const [key] = JSON.parse(added.stdout).keys
    expect(await post(gateway, key.basic)).toMatchObject({ status: 202 })
    expect(await post(gateway, key.basic)).toMatchObject({ status: 202 })
    expect(await post(gateway, key.basic)).toMatchObject({ status: 429, code: 'day-quota-exceeded' })
    await runCli(['quota', 'set', 'acme', '--day', '5'], here)
    expect(await post(gateway, key.basic)).toMatchObject({ status: 202 })
    const left = await runCli(['quota', 'show', 'acme', '--json'], here)
    expect(JSON.parse(left.stdout)).toMatchObject({ day: { limit: 5, remaining: 2 } })
    await runCli(['customer', 'suspend', 'acme'], here)
    expect(await post(gateway, key.basic)).toMatchObject({ status: 403, code: 'customer-suspended' })
    await runCli(['customer', 'resume', 'acme'], here)
    await runCli(['key', 'revoke', 'acme', key.keyId], here)
    expect(await post(gateway, key.basic)).toMatchObject({ status: 401, code: 'key-revoked' })
  })

  test('a second start in the same folder is refused, and the first keeps running', async () => {
    const folder = temporaryFolder()
    const first = await startDev(folder)
    const second = await runCli(['dev', ...freePorts], { cwd: folder })
    expect(second.code).toBe(1)
    const { message, next } = shownError(second)
    expect(message).toContain(`process ${first.child.pid}`)
    expect(next).toContain('--data DIR')
    const program = await runCli(['dev', ...freePorts, '--json'], { cwd: folder })
    expect(jsonError(program)).toMatchObject({ code: 'data-in-use' })
    expect(await post(first.gateway, demoCredentials(folder))).toMatchObject({ status: 202 })
    expect(JSON.parse((await runCli(['doctor', '--json'], { cwd: folder })).stdout)).toMatchObject({ summary: { fail: 0 } })
  })
  test('a start in a different folder works', async () => {
    const folder = temporaryFolder()
    const first = await startDev(folder)
    const second = await startDev(folder, ['--data', 'other'])
    expect(second.data).toBe(join(folder, 'other'))
    expect(second.gateway).not.toBe(first.gateway)
  })
})

describe('a port that is taken', () => {
  test.each(['--port', '--sqs-port'])('%s', async (flag) => {
    const folder = temporaryFolder()
    const port = await busyPort()
    const others = freePorts.toSpliced(freePorts.indexOf(flag), 2)
    const text = await runCli(['dev', ...others, flag, String(port)], { cwd: folder })
    expect(text.code).toBe(1)
    const { message, next } = shownError(text)
    expect(message).toContain(`port ${port}`)
    expect(next).toContain(`${flag} ${port + 1}`)
    const program = await runCli(['dev', ...others, flag, String(port), '--json'], { cwd: folder })
    expect(jsonError(program)).toMatchObject({ code: 'port-in-use' })
    // Nothing left by the failed start blocks the next.
    const dev = await startDev(folder)
    expect(await post(dev.gateway, demoCredentials(folder))).toMatchObject({ status: 202 })
  })
})

describe('stopping', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s exits with 0, and the next start has every accepted message', async (signal) => {
    const folder = temporaryFolder()
    const first = await startDev(folder)
    const credentials = demoCredentials(folder)
    const { id } = await post(first.gateway, credentials, 'order-1')
    expect(await first.end(signal)).toBe(0)
    expect(JSON.parse(first.stdout())).toMatchObject({ gateway: first.gateway })
    expect(existsSync(join(folder, '.apigw/dev.json'))).toBe(false)

    const second = await startDev(folder)
    expect(demoCredentials(folder)).toBe(credentials)
    expect(await post(second.gateway, credentials, 'order-1')).toEqual({ status: 202, id, code: '', replayed: true })
    await until(() => storedIds(folder).includes(id))
    expect(await second.end('SIGINT')).toBe(0)
    expect(storedIds(folder)).toEqual([id])
  })

  test('kill -9 under load: the next start has every accepted message, each once', async () => {
    const folder = temporaryFolder()
    const first = await startDev(folder)
    await shortenVisibility(first.sqs)
    const added = await runCli(
      ['customer', 'add', 'acme', '--day', '100000', '--queue', 'carrier-a', '--sender', '1588-1234', '--key', 'live', '--json'],
      { cwd: folder },
    )
    const { basic } = JSON.parse(added.stdout).keys[0]
    const answers = new Map<string, string>()
    let asked = 0
    const sender = async (): Promise<void> => {
      for (;;) {
        const key = `order-${asked++}`
        const answer = await post(first.gateway, basic, key).catch(() => undefined)
        if (answer?.status !== 202) return
        answers.set(key, answer.id)
        if (answers.size === 150) first.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 8 }, sender))
    expect(await first.end('SIGKILL')).toBeNull()
    expect(answers.size).toBeGreaterThanOrEqual(150)
    expect(existsSync(join(folder, '.apigw/dev.json'))).toBe(true)

    const second = await startDev(folder)
    const accepted = [...answers.values()]
    // Repeats the call, as a customer without an answer would: it returns the same message and sends no second one.
    for (const [key, id] of [...answers].slice(-20))
      expect(await post(second.gateway, basic, key)).toMatchObject({ status: 202, id, replayed: true })
    await until(() => {
      const stored = new Set(storedIds(folder))
      return accepted.every((id) => stored.has(id))
    })
    expect(await second.end('SIGINT')).toBe(0)
    const stored = storedIds(folder)
    expect(new Set(stored).size).toBe(stored.length)
    expect(stored.length).toBeLessThanOrEqual(asked)
  })
})

describe('--once', () => {
  test('plays ten steps and leaves no files', async () => {
    const folder = temporaryFolder()
    const { stdout, stderr, code } = await runCli(['dev', '--once'], { cwd: folder })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(11)
    for (const line of lines.slice(0, 10)) expect(line).toMatch(/^✓ \S.* {2}\S/)
    expect(lines[10]).toBe('All steps passed.')
    expect(secretsIn(stdout)).toEqual([])
    expect(existsSync(join(folder, '.apigw'))).toBe(false)
  })
  test('prints JSON', async () => {
    const { stdout, stderr, code } = await runCli(['dev', '--once', '--json'], { cwd: temporaryFolder() })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const { passed, steps, ...rest } = JSON.parse(stdout)
    expect({ passed, rest, steps: steps.length }).toEqual({ passed: true, rest: {}, steps: 10 })
    for (const step of steps) expect(step).toEqual({ what: expect.any(String), seen: true, detail: expect.any(String) })
  })
})

describe.runIf(process.platform === 'linux')('what listens', () => {
  test('apigw dev listens on this machine only', async () => {
    const dev = await startDev(temporaryFolder())
    const { open, loopback } = listeningOf(dev.child.pid ?? 0)
    expect(open).toEqual([])
    // The gateway, SQS with S3, and DynamoDB.
    expect(loopback).toHaveLength(3)
  })

  test('so do all servers that apigw prove starts', async () => {
    const child = spawn(process.execPath, [bin, 'prove', '--rounds', '1'], {
      cwd: temporaryFolder(),
      env: cleanEnv(),
      detached: true,
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    onTestFinished(async () => {
      child.kill('SIGINT')
      await ended
    })
    const loopback = new Set<number>()
    // Two gateways, the emulator with a proxy in front, Redis and MariaDB.
    await until(() => {
      const seen = listeningOf(child.pid ?? 0)
      expect(seen.open).toEqual([])
      for (const port of seen.loopback) loopback.add(port)
      return loopback.size >= 6 || child.exitCode !== null
    })
    expect(loopback.size).toBeGreaterThanOrEqual(6)
  })
})
