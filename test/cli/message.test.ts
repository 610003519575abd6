import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { randomId } from '../../src/domain/ids.ts'
import { recipientHash, recipientKeys } from '../../src/domain/recipient-hash.ts'
import { masterKeysFrom } from '../../src/domain/seal.ts'
import { type Dynamo, startDynamo } from '../support/dynamodb.ts'
import { type Sqs, startSqs } from '../support/sqs.ts'
import { json, ok, type RunOptions, run, temporaryFolder } from './run.ts'

let sqs: Sqs
let dynamo: Dynamo
let here: RunOptions
const masterKey = Buffer.alloc(32, 7).toString('base64')
const owner = { customer: 'acme', environment: 'live' } as const
const number = '+821012345678'

beforeAll(async () => {
  sqs = await startSqs(['carrier-a', 'carrier-a-dlq'])
})
afterAll(() => sqs.stop())

beforeEach(async () => {
  dynamo = await startDynamo()
  const env = {
    APIGW_SQS_ENDPOINT: sqs.endpoint,
    APIGW_LEDGER_ENDPOINT: dynamo.endpoint,
    APIGW_MASTER_KEY: masterKey,
    AWS_REGION: 'ap-northeast-2',
  }
  here = { cwd: temporaryFolder(), env }
  await ok(['customer', 'add', 'acme', '--name', 'Acme', '--queue', 'carrier-a'], here)
  return () => dynamo.stop()
})

describe('message', () => {
  test('find, show and explain follow a message', async () => {
    const ledger = dynamo.open()
    const [id, failed] = [randomId(), randomId()]
    const at = Date.parse('2026-11-23T12:00:00+09:00')
    const facts = { type: 'sms', purpose: 'normal', units: 1, queue: 'carrier-a', acceptedAt: at, at } as const
    const hash = recipientHash(recipientKeys(masterKeysFrom(masterKey)).current, owner, number)
    const later = dynamo.open(() => Date.now())
    await later.queued(owner, [
      { id, ref: 'order-17', recipientHash: hash, ...facts },
      { id: failed, ref: 'order-18', ...facts },
    ])
    await ledger.append(owner, [{ id: failed, status: 'failed', code: '4410', at: at + 60_000 }])
    expect(await json(['message', 'find', 'acme', '--to', '010-1234-5678'], here)).toMatchObject({
      messages: [{ id }],
      cursor: null,
    })
    expect(await json(['message', 'find', 'acme', '--day', '2026-11-23', '--status', 'failed'], here)).toMatchObject({
      messages: [{ id: failed, code: '4410' }],
    })
    const page = await run(['message', 'find', 'acme', '--day', '2026-11-23', '--limit', '1'], here)
    expect(page.stderr).toMatch(/apigw message find acme --env live --day 2026-11-23 --cursor \S+/)
    expect(await json(['message', 'show', 'acme', id], here)).toMatchObject({
      id,
      status: 'queued',
      queue: 'carrier-a',
      units: 1,
    })
    expect(await ok(['message', 'explain', 'acme', failed], here)).toMatch(/12:01:00 Asia\/Seoul .*failed[\s\S]*Code 4410/)
    expect(await json(['message', 'explain', 'acme', failed], here)).toMatchObject({ status: 'failed', events: [{}, {}, {}] })
  })

  test('names what is wrong: no criterion, another environment, an unknown id, and where else the message may be', async () => {
    const id = randomId()
    await dynamo.open().queued({ ...owner, environment: 'test' }, [{ id, at: Date.now() }])
    const wrong: [string[], RegExp][] = [
      [['message', 'find', 'acme'], /at least one of --ref, --to and --day/],
      [['message', 'find', 'acme', '--day', '2026-02-30'], /not a day/],
      [['message', 'find', 'acme', '--to', '12'], /not a telephone number/],
      [['message', 'find', 'acme', '--ref', 'a b'], /visible ASCII/],
      [['message', 'find', 'stranger', '--ref', 'a'], /stranger/],
      [['message', 'show', 'acme', 'x'], /not the id of a message/],
      [['message', 'show', 'acme', id], /test environment of acme[\s\S]*--env test/],
      [['message', 'explain', 'acme', randomId()], /carrier-a: 0 waiting, 0 in flight[\s\S]*apigw queue list/],
    ]
    for (const [args, message] of wrong) {
      const { code, stdout, stderr } = await run(args, here)
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)])
    }
    const { APIGW_MASTER_KEY: _key, ...env } = here.env ?? {}
    const keyless = await run(['message', 'find', 'acme', '--to', '010-1234-5678'], { ...here, env })
    expect(keyless.stderr).toContain('only hashes')
  })
})

describe('suppression', () => {
  test('add, list and remove are repeatable, and numbers are masked', async () => {
    expect(await json(['suppression', 'add', 'acme', '010-1234-5678', '--dry-run'], here)).toMatchObject({
      added: true,
      dryRun: true,
    })
    expect(await json(['suppression', 'add', 'acme', '010-1234-5678', '--source', '080'], here)).toMatchObject({
      number: '+8210****5678',
      added: true,
    })
    expect(await ok(['suppression', 'add', 'acme', number], here)).toContain('+8210****5678 has already opted out')
    expect(await ok(['suppression', 'list', 'acme'], here)).toMatch(/\+8210\*{4}5678 .*080/)
    const whole = ['suppression', 'list', 'acme', '--show-numbers']
    expect(await run(whole, here)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--reason TEXT') })
    expect(await run([...whole, '--reason', 'a\u202eb'], here)).toMatchObject({ code: 2, stdout: '' })
    expect(await ok([...whole, '--reason', 'ticket 4711'], here)).toContain(number)
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({
      history: [{ what: 'whole numbers of opt-outs (live) read: ticket 4711' }, { what: 'customer added' }],
    })
    const refused = await run(['suppression', 'remove', 'acme', number], here)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--yes')])
    expect(await json(['suppression', 'remove', 'acme', number, '--dry-run'], here)).toMatchObject({
      removed: false,
      present: true,
    })
    expect(await json(['suppression', 'remove', 'acme', number, '--yes'], here)).toMatchObject({ removed: true })
    expect(await json(['suppression', 'remove', 'acme', number, '--yes'], here)).toMatchObject({ removed: false, present: false })
    for (const [args, message] of [
      [['suppression', 'add', 'acme', '02'], 'not a telephone number'],
      [['suppression', 'add', 'stranger', number], 'stranger'],
      [['suppression', 'add', 'acme', number, '--note', 'a'.repeat(201)], '--note'],
      [['suppression', 'list', 'acme', '--cursor', 'x'], 'cursor'],
    ] as const) {
      const { code, stderr } = await run(args, here)
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    }
  })

  test('import names bad lines and exits with 1, and an export is imported again', async () => {
    const file = join(here.cwd, 'in.csv')
    writeFileSync(file, '\ufeffnumber,source\r\n010-1234-5678,web\r\n02,web\r\n010-1234-5679,\r\n')
    const first = await run(['suppression', 'import', 'acme', file], here)
    expect(first).toMatchObject({ code: 1, stdout: expect.stringContaining('Added 2, 0 already there, 1 line not valid.') })
    expect(first.stderr).toContain('Line 3: number: is not a telephone number')
    expect(await json(['suppression', 'import', 'acme', file, '--from-line', '4', '--dry-run'], here)).toMatchObject({
      added: 0,
      present: 1,
      invalid: 0,
      lines: 4,
    })
    const out = join(here.cwd, 'out.csv')
    const exported = ['suppression', 'export', 'acme', '--output', out]
    expect((await run(['suppression', 'export', 'acme', '--json'], here)).code).toBe(2)
    expect(await run(exported, here)).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason TEXT') })
    expect(await json([...exported, '--reason', 'backup'], here)).toMatchObject({ suppressions: 2, output: out })
    expect(readFileSync(out, 'utf8')).toMatch(
      /^\ufeffnumber,at,source,note\r\n\+821012345678,\S+,web,\r\n\+821012345679,\S+,,\r\n$/,
    )
    expect(statSync(out).mode & 0o077).toBe(0)
    // A file that is there is not replaced.
    expect(await run([...exported, '--reason', 'backup'], here)).toMatchObject({ code: 2 })
    expect(await json(['suppression', 'import', 'acme', out], here)).toMatchObject({ added: 0, present: 2, invalid: 0 })
    expect(await run(['suppression', 'import', 'acme', 'nowhere.csv'], here)).toMatchObject({ code: 2 })
  })
})
