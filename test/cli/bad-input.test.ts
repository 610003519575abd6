import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../src/domain/problem.ts'
import { contentsOf, json, jsonError, ok, registryFile, run, shownError, temporaryFolder } from './run.ts'

interface Case {
  readonly what: string
  readonly args: readonly string[]
  readonly code: ProblemCode
  readonly message: RegExp
  /** Expected part of the next step. */
  readonly next: string
}

/** @param line as one string, or as a list when an argument contains a space */
const bad = (what: string, line: string | readonly string[], code: ProblemCode, message: RegExp, next: string): Case => ({
  what,
  args: typeof line === 'string' ? line.split(' ') : line,
  code,
  message,
  next,
})

const quotaSet = ['quota', 'set', 'acme'] as const
const routeSet = ['route', 'set', 'acme'] as const
const keyIssue = ['key', 'issue', 'acme'] as const
const newCustomer = ['customer', 'add', 'beta', '--key', 'live', '--key', 'test'] as const

const cases: readonly Case[] = [
  // Usage errors
  bad('a flag that does not exist', 'customer list --nope', 'usage', /--nope/, 'apigw customer list --help'),
  bad(
    'a slip in a flag',
    'customer set acme --timezone UTC',
    'usage',
    /--timezone; did you mean --time-zone\?/,
    'apigw customer set --help',
  ),
  bad('one argument too many', 'quota show acme beta', 'usage', /beta/, 'apigw quota show --help'),
  bad('one argument too few', 'customer show', 'usage', /customer/, 'apigw customer show --help'),
  bad('a flag without its value', 'quota set acme --day', 'usage', /--day/, 'apigw quota set --help'),
  bad(
    'an environment that does not exist',
    'key issue acme --env prod',
    'usage',
    /--env=prod.*live, test/,
    'apigw key issue --help',
  ),
  bad('a scheme that does not exist', 'key issue acme --scheme rot13', 'usage', /--scheme=rot13/, 'apigw key issue --help'),
  bad('an API that does not exist', 'route set acme --api faxes --queue q', 'usage', /--api=faxes/, 'apigw route set --help'),
  bad('a port that is not a number', 'dev --port abc', 'usage', /^--port: .*abc$/, 'apigw dev --help'),
  bad('a port out of range', 'dev --port 70000', 'usage', /^--port: .*65535.*70000$/, 'apigw dev --help'),
  bad('a gateway that is not a URL', 'doctor --gateway nope', 'usage', /^--gateway: .*nope$/, 'apigw doctor --help'),

  // No terminal to prompt on
  bad('no customer id', 'customer add', 'input-missing', /id is missing/, 'apigw customer add ID'),
  bad('nothing to change', 'customer set acme', 'input-missing', /No change was given/, 'apigw customer set acme --name NAME'),
  bad('no limit', 'quota set acme', 'input-missing', /No limit/, 'apigw quota set acme --day N'),
  bad('no queue', 'route set acme', 'usage', /--queue/, 'apigw route set --help'),
  bad('no environment', 'route remove acme', 'usage', /--env/, 'apigw route remove --help'),
  bad(
    'a removal without confirmation',
    'customer remove acme',
    'input-missing',
    /"acme".*Confirmation required/,
    'apigw customer remove acme --yes',
  ),
  bad('neither text nor recipient', 'send', 'usage', /--text.*--to|--to.*--text/, 'apigw send --help'),

  // Ids and names
  bad('an unknown customer', 'customer show acmee', 'customer-unknown', /"acmee".*did you mean "acme"\?/, 'apigw customer list'),
  bad(
    'an unknown customer without a close match',
    'quota show zzzzzz',
    'customer-unknown',
    /^The customer "zzzzzz" does not exist\.$/,
    'apigw customer list',
  ),
  bad('an unknown customer to change', 'customer suspend acne', 'customer-unknown', /did you mean "acme"/, 'apigw customer list'),
  bad(
    'an unknown customer to remove',
    'customer remove acne --yes',
    'customer-unknown',
    /did you mean "acme"/,
    'apigw customer list',
  ),
  bad('a key for an unknown customer', 'key issue acne', 'customer-unknown', /did you mean "acme"/, 'apigw customer list'),
  bad(
    'an unknown key',
    'key revoke acme ak_live_0000',
    'key-unknown',
    /"acme" has no key "ak_live_0000"\./,
    'apigw key list acme',
  ),
  bad('a customer that exists', 'customer add acme --key live', 'customer-exists', /"acme" already/, 'apigw customer show acme'),
  ...['A', 'a', '1st', 'two words', 'no:colon', '-dash', 'dash-', 'x'.repeat(41), 'é'].map((id) =>
    bad(
      `the customer id "${id}"`,
      ['customer', 'add', '--key', 'live', '--', id],
      'input-invalid',
      /cannot be a customer id/,
      'apigw customer add --help',
    ),
  ),
  bad(
    'an empty name',
    ['customer', 'set', 'acme', '--name', ' '],
    'input-invalid',
    /1 to 100 characters/,
    'apigw customer set --help',
  ),
  bad(
    'a name that steers a terminal',
    ['customer', 'set', 'acme', '--name', 'a\u001b[2Jb'],
    'input-invalid',
    /control characters/,
    'apigw customer set --help',
  ),
  bad(
    'a time zone that does not exist',
    'customer set acme --time-zone Mars/Olympus',
    'input-invalid',
    /"Mars\/Olympus"/,
    'Asia/Seoul',
  ),

  // Quantities
  ...['0', '-1', '1.5', '1000000000001'].map((day) =>
    bad(
      `${day} a day`,
      [...quotaSet, `--day=${day}`],
      'quota-invalid',
      new RegExp(`day limit cannot be ${day}: .*whole number`),
      Number(day) > 0 ? 'whole number' : 'apigw customer suspend',
    ),
  ),
  ...['0', '-0.5'].map((rate) =>
    bad(
      `${rate} a second`,
      [...quotaSet, `--rate=${rate}`],
      'quota-invalid',
      new RegExp(`rate limit cannot be ${rate}:`),
      'apigw customer suspend',
    ),
  ),
  ...['many', '', '1e3', '0x10', '1,000', ' 5', 'NaN', 'Infinity'].map((month) =>
    bad(`"${month}" a month`, [...quotaSet, `--month=${month}`], 'quota-invalid', /is not a number.*month limit/, '"none"'),
  ),
  bad('a rate without day or month', 'quota set bare --rate 5', 'quota-invalid', /needs a daily or a monthly limit/, '--day N'),
  bad('the last limit removed', 'quota set acme --day none', 'quota-invalid', /needs a daily or a monthly limit/, '--day N'),
  bad('a burst without a rate', 'quota set acme --burst 5', 'quota-invalid', /burst needs a rate/, '--rate N'),

  // Recipients, queues and addresses
  ...['bad name!', 'a.fifo', '', 'x'.repeat(81)].map((queue) =>
    bad(
      `the queue "${queue}"`,
      [...routeSet, `--queue=${queue}`],
      'route-invalid',
      /cannot be a queue name/,
      'apigw route set --help',
    ),
  ),
  bad(
    'a test route to a live queue',
    'route set acme --env test --queue carrier-b',
    'route-invalid',
    /"carrier-b" does not start with "sandbox"/,
    '--queue sandbox',
  ),
  bad(
    'a live route to a test queue',
    'route set acme --queue sandbox-2',
    'route-invalid',
    /live route.*"sandbox-2"/,
    'apigw route set --help',
  ),
  bad(
    'a route that does not exist',
    'route remove bare --env live',
    'route-unknown',
    /"bare" has no route for messages in live/,
    'apigw route set bare',
  ),
  bad('no route to resolve', 'route resolve bare', 'route-unknown', /"bare" has no route/, 'apigw route set bare'),
  ...['300.1.1.1', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', 'localhost', ''].map((range) =>
    bad(
      `the IP range "${range}"`,
      [...keyIssue, `--allow-ip=${range}`],
      'input-invalid',
      /is not an IP address or a range/,
      'apigw key issue --help',
    ),
  ),

  // Expiry
  ...['soon', '90', '90w', '-1d', '2027-01-31', '2027-01-31T00:00:00', '2027-13-01T00:00:00Z'].map((when) =>
    bad(
      `expiry "${when}"`,
      [...keyIssue, `--expires=${when}`],
      'input-invalid',
      /neither a duration.*nor a time/,
      'apigw key issue --help',
    ),
  ),
  bad(
    'an expiry in the past',
    'key issue acme --expires 2020-01-01T00:00:00Z',
    'input-invalid',
    /expired before it begins/,
    '--expires',
  ),

  // All or nothing: one bad part of a new customer leaves none of the others
  bad(
    'a new customer with a bad quota',
    'customer add beta --key live --key test --day 0',
    'quota-invalid',
    /day limit cannot be 0/,
    'apigw',
  ),
  bad(
    'a new customer with a bad queue',
    'customer add beta --key live --key test --day 5 --queue sandbox',
    'route-invalid',
    /sandbox/,
    'apigw customer add --help',
  ),
  bad(
    'a new customer with a bad time zone',
    'customer add beta --key live --key test --day 5 --time-zone Nowhere',
    'input-invalid',
    /Nowhere/,
    'Asia/Seoul',
  ),
  bad(
    'a new customer with a bad name',
    [...newCustomer, '--name', 'x'.repeat(101)],
    'input-invalid',
    /1 to 100/,
    'apigw customer add --help',
  ),
  bad('a new customer with a bad key', 'customer add beta --key both', 'usage', /--key=both/, 'apigw customer add --help'),
]

const folder = mkdtempSync(join(tmpdir(), 'apigw-bad-input-'))
const here = { cwd: folder }

beforeAll(async () => {
  await ok(['customer', 'add', 'acme', '--day', '1000', '--queue', 'carrier-a', '--key', 'live'], here)
  await ok(['customer', 'add', 'bare'], here)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('invalid input gets a cause, a next step and exit code 2, and writes nothing', () => {
  test.each(cases)('$what', async ({ args, code, message, next }) => {
    const before = contentsOf(registryFile(folder))
    const text = await run(args, here)
    const shown = shownError(text)
    expect(shown.message).toMatch(message)
    expect(shown.next).toContain(next)
    expect(text.code).toBe(2)

    const separator = args.indexOf('--')
    const withJson = separator === -1 ? [...args, '--json'] : args.toSpliced(separator, 0, '--json')
    const program = await run(withJson, here)
    expect(jsonError(program)).toEqual({ code, ...shown })
    expect(program.code).toBe(2)
    expect(contentsOf(registryFile(folder))).toEqual(before)
  })
})

test('invalid input in a folder without a registry creates none', async () => {
  const empty = temporaryFolder()
  for (const args of [
    ['customer', 'list', '--nope'],
    [...quotaSet, '--day', '0'],
    [...keyIssue, '--expires', 'soon'],
  ]) {
    expect((await run(args, { cwd: empty })).code).toBe(2)
  }
  expect(existsSync(join(empty, '.apigw'))).toBe(false)
})

test('the registry used by all these cases still works', async () => {
  expect(await json(['customer', 'list'], here)).toMatchObject({ customers: [{ id: 'acme' }, { id: 'bare' }] })
})
