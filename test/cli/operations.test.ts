import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { randomId } from '../../src/domain/ids.ts'
import { envelopeOf, messageWith } from '../support/databases.ts'
import { type Dynamo, startDynamo } from '../support/dynamodb.ts'
import { uniqueName } from '../support/names.ts'
import { type Sqs, startSqs } from '../support/sqs.ts'
import { json, ok, type RunOptions, run, temporaryFolder } from './run.ts'

let sqs: Sqs
let dynamo: Dynamo
beforeAll(async () => {
  sqs = await startSqs([])
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

let here: RunOptions & { readonly env: Readonly<Record<string, string>> }
beforeEach(() => {
  const env = { APIGW_SQS_ENDPOINT: sqs.endpoint, APIGW_LEDGER_ENDPOINT: dynamo.endpoint, AWS_REGION: 'ap-northeast-2' }
  here = { cwd: temporaryFolder(), env }
})

/** A queue with dead letters that could not be processed. */
function queueWithDead(good: number, junk = 0): { name: string; dead: string } {
  const name = uniqueName('carrier')
  const dead = `${name}-dlq`
  sqs.createQueue(dead)
  const deadLetterTargetArn = sqs.server.inspectQueue(dead)?.arn
  sqs.createQueue(name, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) })
  for (let at = 0; at < good; at++) sqs.server.sendMessage(dead, envelopeOf(name, [messageWith({ text: 'swordfish' })]))
  for (let at = 0; at < junk; at++) sqs.server.sendMessage(dead, `junk ${at}`)
  return { name, dead }
}

describe('queue', () => {
  test('list shows waiting messages, dead letters, and the cost of polling', async () => {
    const { name, dead } = queueWithDead(2)
    sqs.server.sendMessage(name, envelopeOf(name, [messageWith()]))
    const { stdout, stderr } = await run(['queue', 'list', '--prefix', name], here)
    expect(stdout).toMatch(new RegExp(`${name} +1 +0 +0 +2 in ${dead}`))
    expect(stderr).toMatch(/\d+ requests per hour and costs \$0\.\d+ per month/)
    expect(await json(['queue', 'list', '--prefix', name], here)).toMatchObject({
      queues: [{ queue: name, visible: 1, inFlight: 0, delayed: 0, deadLetter: { queue: dead, visible: 2 } }],
    })
  })

  test('peek shows the customers but no texts or full numbers, and leaves the messages in the queue', async () => {
    const { dead } = queueWithDead(1, 1)
    const { stdout } = await run(['queue', 'peek', dead], here)
    expect(stdout).toContain('acme (live)')
    expect(stdout).toContain('malformed')
    expect(stdout).not.toContain('swordfish')
    expect(stdout).not.toContain('+821012345678')
    expect(await json(['queue', 'peek', dead], here)).toMatchObject({ queue: dead, messages: [{}, {}] })
    expect(sqs.bodies(dead)).toHaveLength(2)
  })

  test('peek refuses a queue with a low receive limit, and says what a look costs', async () => {
    const { name, dead } = queueWithDead(0)
    sqs.server.sendMessage(name, envelopeOf(name, [messageWith()]))
    const refused = await run(['queue', 'peek', name], here)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(`${dead} after 3 receives`)
    expect(refused.stderr).toContain(`apigw queue peek ${name} --force`)
    const forced = await run(['queue', 'peek', name, '--force'], here)
    expect(forced.stdout).toMatch(/ 1 +2 +acme \(live\)/)
    expect(forced.stderr).toContain('After 3 receives, SQS moves a message')
    expect(await json(['queue', 'peek', name, '--force'], here)).toMatchObject({
      maxReceiveCount: 3,
      messages: [{ receiveCount: 2, receivesLeft: 1 }],
    })
    expect([sqs.bodies(name).length, sqs.bodies(dead).length]).toEqual([1, 0])
  })

  test('redrive asks for confirmation, has a dry run, and moves only envelopes', async () => {
    const { name, dead } = queueWithDead(12, 2)
    expect(await run(['queue', 'redrive', name], here)).toMatchObject({ code: 2, stdout: '' })
    expect(await json(['queue', 'redrive', name, '--dry-run'], here)).toMatchObject({ moved: 0, left: 14, dryRun: true })
    expect(sqs.bodies(dead)).toHaveLength(14)
    expect(await json(['queue', 'redrive', name, '--yes'], here)).toEqual({
      from: dead,
      to: name,
      moved: 12,
      left: 2,
      dryRun: false,
    })
    expect([sqs.bodies(name).length, sqs.bodies(dead).length]).toEqual([12, 2])
    expect(await ok(['queue', 'redrive', name, '--yes', '--all'], here)).toContain('2 messages')
    expect(sqs.bodies(dead)).toEqual([])
    expect((await run(['queue', 'redrive', name, '--yes'], here)).stderr).toContain(`No messages are waiting in ${dead}.`)
  })

  test('redrive reports a queue without dead letters, and one that does not exist', async () => {
    const name = uniqueName('carrier')
    sqs.createQueue(name)
    expect((await run(['queue', 'redrive', name], here)).stderr).toContain('no dead-letter queue')
    expect(await run(['queue', 'peek', 'nowhere'], here)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not exist'),
    })
  })

  test('purge prints the number of messages, and deletes them only after confirmation', async () => {
    const { dead } = queueWithDead(3)
    expect((await run(['queue', 'purge', dead], here)).code).toBe(2)
    expect(await json(['queue', 'purge', dead, '--dry-run'], here)).toEqual({ queue: dead, messages: 3, dryRun: true })
    expect(sqs.bodies(dead)).toHaveLength(3)
    expect(await ok(['queue', 'purge', dead, '--yes'], here)).toContain('3 messages')
    expect(sqs.bodies(dead)).toEqual([])
  })
})

describe('schema', () => {
  const steps = [{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }]
  test('runs status, dry run and apply, and a second apply changes nothing', async () => {
    const database = ['--database', `sqlite:${join(here.cwd, 'm.db')}`]
    expect(await json(['schema', 'status', ...database], here)).toMatchObject({ pending: steps })
    expect(await json(['schema', 'apply', ...database, '--dry-run'], here)).toMatchObject({
      dryRun: true,
      applied: steps,
    })
    expect(await json(['schema', 'status', ...database], here)).toMatchObject({ pending: steps })
    expect(await json(['schema', 'apply', ...database], here)).toMatchObject({
      applied: steps,
      tables: ['carrier_a', 'sandbox'],
    })
    expect(await json(['schema', 'apply', ...database], here)).toMatchObject({ applied: [] })
    expect(await run(['schema', 'status', ...database], here)).toEqual({
      stdout: '',
      stderr: 'The schema is up to date.\n',
      code: 0,
    })
  })

  test.each([
    ['carriers: []', 'carriers'],
    ['carriers: [{queue: a, table: "x;y"}]', 'carriers.yaml, line 1, carriers.0.table: is not a valid table'],
    ['carriers: [{queue: a, table: b}, {queue: a, table: c}]', 'more than once'],
    [
      'carriers: [{queue: a, table: b, existing: {columns: {id: X}, result: {status: S, done: [2], code: C, delivered: [1]}}}]',
      'recipient',
    ],
    ['{', 'carriers.yaml, line 1: '],
  ])('carriers.yaml with "%s" is refused, with the position of the error', async (text, place) => {
    writeFileSync(join(here.cwd, 'carriers.yaml'), text)
    const { code, stderr } = await run(['schema', 'apply', '--database', `sqlite:${join(here.cwd, 'm.db')}`], here)
    expect([code, stderr]).toEqual([2, expect.stringContaining(place)])
  })

  test('refuses a missing or invalid database, a password in a flag, and a database that does not answer', async () => {
    expect((await run(['schema', 'status'], here)).stderr).toContain('No database was given')
    expect((await run(['schema', 'status', '--database', 'x'], here)).code).toBe(2)
    const secret = await run(['schema', 'status', '--database', 'mysql://me:hunter2@h/d'], here)
    expect([secret.code, secret.stderr.includes('hunter2')]).toEqual([2, false])
    expect((await run(['schema', 'status', '--database', 'postgres://me@127.0.0.1:1/d'], here)).code).toBe(1)
  })

  test('reads a real server', async () => {
    const database = ['--database', `${inject('postgres')}postgres`]
    expect(await json(['schema', 'status', ...database], here)).toMatchObject({ pending: steps })
  })
})

describe('report', () => {
  test('list pages through reports, and replay writes them again for a customer that lost them', async () => {
    const customer = uniqueName('acme')
    const owner = { customer, environment: 'live' } as const
    const ledger = dynamo.open()
    const now = Date.now()
    await ledger.append(owner, [
      { id: randomId(), status: 'delivered', at: now - 48 * 3_600_000 },
      { id: randomId(), status: 'failed', code: '4410', at: now },
    ])
    const first = await json(['report', 'list', customer, '--limit', '1'], here)
    expect(first).toMatchObject({ customer, environment: 'live', more: true, reports: [{ status: 'delivered' }] })
    const { cursor } = await ledger.reports(owner, undefined, 100)
    expect(await json(['report', 'replay', customer, '--hours', '24', '--dry-run'], here)).toMatchObject({
      reports: 1,
      dryRun: true,
    })
    expect((await run(['report', 'replay', customer, '--hours', '24'], here)).code).toBe(2)
    expect(await json(['report', 'replay', customer, '--hours', '24', '--yes'], here)).toMatchObject({
      reports: 1,
      dryRun: false,
    })
    expect((await ledger.reports(owner, cursor, 100)).reports).toMatchObject([{ status: 'failed' }])
    expect(await ok(['report', 'list', customer], here)).toContain('4410')
  })

  test('says where the ledger is configured when none is, and what is wrong with a cursor', async () => {
    const nowhere = { cwd: here.cwd }
    expect((await run(['report', 'list', 'acme'], nowhere)).stderr).toContain('No ledger table is configured.')
    expect(await run(['report', 'list', 'acme', '--cursor', 'x'], here)).toMatchObject({ code: 2 })
  })
})
