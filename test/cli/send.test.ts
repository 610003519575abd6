import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Local, startLocal } from '../../src/dev/local/index.ts'
import { addCustomer } from '../../src/operations/customers/index.ts'
import { jsonError, run, runCli, shownError, temporaryFolder } from './run.ts'

const actor = { who: 'tester', from: 'here' }
const hello = ['send', '--to', '010-1234-5678', '--text', 'Hello'] as const
const messageId = /^[0-9A-Z]{26}$/

let local: Local
let live: string
let secret: string
let testKey: string
let cwd: string

beforeEach(async () => {
  const onFault = (what: string, error: unknown): never => {
    throw new Error(what, { cause: error })
  }
  const running = await startLocal({ folder: temporaryFolder(), port: 0, sqsPort: 0, actor, onFault })
  onTestFinished(() => running.stop())
  const { keys } = await addCustomer(running.context, {
    id: 'acme',
    quota: { day: 3 },
    queue: 'carrier-a',
    senders: ['1588-1234'],
    keysFor: ['live', 'test'],
  })
  local = running
  live = keys[0]?.basic ?? ''
  secret = keys[0]?.secret ?? ''
  testKey = keys[1]?.basic ?? ''
  cwd = temporaryFolder()
})

/** Sends with the live key from the environment by default. */
function send(args: readonly string[], credentials: string | undefined = live) {
  return run([...args, '--gateway', local.gateway], { cwd, env: credentials === '' ? {} : { APIGW_CREDENTIALS: credentials } })
}

function keepDemoCredentials(credentials: string): void {
  mkdirSync(join(cwd, '.apigw'))
  writeFileSync(join(cwd, '.apigw/demo.env'), `APIGW_CREDENTIALS='${credentials}'\n`)
}

async function otherServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

describe('an accepted message', () => {
  test('prints the message id and the remaining quota', async () => {
    const { stdout, stderr, code } = await send(hello)
    expect(code, stderr).toBe(0)
    const [id = '', status] = stdout.trimEnd().split(' ')
    expect(id).toMatch(messageId)
    expect({ status, stderr }).toEqual({ status: 'accepted', stderr: 'Left: day 2\n' })
    expect(stdout + stderr).not.toContain(secret)
  })
  test('prints JSON', async () => {
    const { stdout, stderr } = await send([...hello, '--json'])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(messageId),
      status: 'accepted',
      replayed: false,
      remaining: { day: 2 },
    })
  })
  test('prints the normalized text when it differs from the one given', async () => {
    const folded = ['send', '--to', '010-1234-5678', '--text', '₩1,000', '--subject', 'a\u00a0b']
    const { stdout, stderr } = await send(folded)
    expect(stdout).toMatch(/^[0-9A-Z]{26} accepted\n$/)
    expect(stderr).toBe('The text is sent as: ￦1,000\nThe subject is sent as: a b\nLeft: day 2\n')
    const json = JSON.parse((await send([...folded, '--json'])).stdout)
    expect(json).toMatchObject({ status: 'accepted', normalized: { text: '￦1,000', subject: 'a b' } })
  })
  test('is not sent again for the same key', async () => {
    const once = [...hello, '--idempotency-key', 'order-17']
    const first = JSON.parse((await send([...once, '--json'])).stdout)
    const second = JSON.parse((await send([...once, '--json'])).stdout)
    expect(second).toMatchObject({ id: first.id, replayed: true })
    expect((await send(once)).stdout).toBe(`${first.id} accepted (replayed; not sent again)\n`)
    expect((await send(hello)).stderr).toBe('Left: day 1\n')
  })
  test('a test key selects the test environment by default', async () => {
    expect(await send(hello, testKey)).toMatchObject({ code: 0, stderr: expect.stringContaining('day 999') })
  })
})

describe('a refused message gets the code and the exit code of the reason', () => {
  const cases = [
    {
      what: 'a recipient that is not a number',
      args: ['send', '--to', 'stranger', '--text', 'x'],
      code: 'invalid-request',
      exit: 2,
    },
    {
      what: 'a character that EUC-KR lacks',
      args: ['send', '--to', '010-1234-5678', '--text', 'Hi 😀'],
      code: 'invalid-request',
      exit: 2,
    },
    { what: 'an empty text', args: ['send', '--to', '010-1234-5678', '--text', ''], code: 'invalid-request', exit: 2 },
    { what: 'the other environment', args: [...hello, '--env', 'test'], code: 'environment-mismatch', exit: 2 },
    {
      what: 'an idempotency key that no header can carry',
      args: [...hello, '--idempotency-key', '주문 1'],
      code: 'invalid-idempotency-key',
      exit: 2,
    },
  ]
  test.each(cases)('$what', async ({ args, code, exit }) => {
    const text = await send(args)
    const shown = shownError(text)
    expect(text.code).toBe(exit)
    const program = await send([...args, '--json'])
    expect(jsonError(program)).toEqual({ code, ...shown })
    expect(JSON.stringify([text, program])).not.toContain(secret)
    expect(await send(hello)).toMatchObject({ stderr: 'Left: day 2\n' })
  })
  test('an exhausted quota is not an input error', async () => {
    for (let time = 0; time < 3; time++) await send(hello)
    const text = await send(hello)
    expect(text.code).toBe(1)
    expect(shownError(text).next).toBe('apigw quota show acme')
    expect(jsonError(await send([...hello, '--json']))).toMatchObject({ code: 'day-quota-exceeded' })
  })
  test('the same key for a different text', async () => {
    await send([...hello, '--idempotency-key', 'order-1'])
    const other = await send(['send', '--to', '010-1234-5678', '--text', 'Other', '--idempotency-key', 'order-1', '--json'])
    expect(jsonError(other)).toMatchObject({ code: 'idempotency-key-reused' })
    expect(other.code).toBe(2)
  })
  test('a wrong secret, which is not printed', async () => {
    const wrong = live.replace(secret, `apigw_live_${'x'.repeat(49)}`)
    const text = await send(hello, wrong)
    expect(text.code).toBe(2)
    expect(shownError(text).next).toBe('apigw customer show acme')
    expect(text.stderr).not.toContain('xxx')
  })
})

describe('credentials', () => {
  test('from stdin with "-", with or without a line break at the end', async () => {
    for (const stdin of [live, `${live}\n`, `${live}\r\n`]) {
      const { code, stderr } = await runCli([...hello, '--credentials', '-', '--gateway', local.gateway], { cwd, stdin })
      expect(code, stderr).toBe(0)
    }
  })
  test('"-" takes precedence over the environment', async () => {
    const env = { APIGW_CREDENTIALS: live }
    const { code } = await runCli([...hello, '--credentials', '-', '--gateway', local.gateway], {
      cwd,
      env,
      stdin: live.replace(secret, 'wrong'),
    })
    expect(code).toBe(2)
  })
  test('of the demo customer are used on this machine only', async () => {
    keepDemoCredentials(live)
    expect(await send(hello, '')).toMatchObject({ code: 0 })
    expect(await run([...hello, '--gateway', local.gateway.replace('127.0.0.1', 'localhost')], { cwd })).toMatchObject({
      code: 0,
    })
    const elsewhere = await run([...hello, '--gateway', 'https://api.example.invalid', '--json'], { cwd })
    expect(jsonError(elsewhere)).toMatchObject({ code: 'input-missing', next: expect.stringContaining('APIGW_CREDENTIALS') })
  })
  test('from the environment take precedence over those of the demo customer', async () => {
    keepDemoCredentials(live.replace(secret, 'wrong'))
    expect(await send(hello)).toMatchObject({ code: 0 })
  })
  test('in an argument are refused and not printed', async () => {
    const text = await send([...hello, '--credentials', live])
    expect(text.code).toBe(2)
    expect(shownError(text).next).toContain('--credentials -')
    const program = await send([...hello, '--credentials', live, '--json'])
    expect(jsonError(program)).toMatchObject({ code: 'secret-in-argument' })
    expect(JSON.stringify([text, program])).not.toContain(secret)
  })
  test('are missing', async () => {
    const text = await send(hello, '')
    expect(text.code).toBe(2)
    expect(shownError(text).next).toContain('APIGW_CREDENTIALS')
  })
  test.each(['acme', 'acme:pw', ':pw:key', 'acme::key', 'a:b:c:d', ' '])(
    '"%s" does not have three parts',
    async (credentials) => {
      const program = await send([...hello, '--json'], credentials)
      expect(jsonError(program)).toMatchObject({ code: 'input-invalid' })
      expect(program.code).toBe(2)
    },
  )
})

describe('an invalid gateway', () => {
  const env = { APIGW_CREDENTIALS: 'acme:pw:ak_live_x' }

  test('does not run', async () => {
    const text = await run([...hello, '--gateway', 'http://127.0.0.1:1'], { cwd, env })
    expect(text.code).toBe(1)
    expect(shownError(text)).toEqual({ message: 'http://127.0.0.1:1 does not answer.', next: 'start it: apigw dev' })
    const program = await run([...hello, '--gateway', 'http://127.0.0.1:1', '--json'], { cwd, env })
    expect(jsonError(program)).toMatchObject({ code: 'gateway-unavailable' })
  })
  test.each([
    { status: 502, body: '<html>Bad gateway</html>' },
    { status: 404, body: 'null' },
    { status: 200, body: '{"id":"x"}' },
    { status: 500, body: '{"code":"toString","detail":7}' },
  ])('is a different server that answers $status $body', async ({ status, body }) => {
    const gateway = await otherServer((_, response) => response.writeHead(status).end(body))
    const program = await run([...hello, '--gateway', gateway, '--json'], { cwd, env })
    expect(jsonError(program)).toMatchObject({ code: 'gateway-unavailable', message: expect.stringContaining(String(status)) })
    expect(program.code).toBe(1)
  })
})
