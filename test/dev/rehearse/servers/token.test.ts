import { expect, test } from 'vitest'
import { refusalOf, type TokenRules } from '../../../../src/dev/rehearse/servers/login/token.ts'
import { databaseToken } from '../../../../src/runtime/ports/rds-token.ts'

const now = Date.UTC(2026, 10, 27, 12)
const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session/+=' }
const address = new URL('mariadb://apigw@db.example.rds.amazonaws.com:3306/messages?ssl=true&login=iam')

function rulesAt(time: number, more: Partial<TokenRules> = {}): TokenRules {
  const sender = { kind: 'role', arn: 'arn:aws:iam::123456789012:role/worker' } as const
  return {
    host: 'db.example.rds.amazonaws.com',
    port: 3306,
    region: 'ap-northeast-2',
    account: '123456789012',
    resourceId: 'db-ABC',
    keys: (id) => (id === credentials.accessKeyId ? { name: 'worker', ...credentials, sender } : undefined),
    evaluate: () => ({ allowed: true, reason: '' }),
    now: () => time,
    ...more,
  }
}

const options = { region: 'ap-northeast-2', credentials: async () => credentials }
const token = await databaseToken(address, { ...options, now: () => now })()

test('a database takes the token that the worker signs', () => {
  expect(refusalOf(token, 'apigw', rulesAt(now + 899_000))).toBeUndefined()
})

test.each<[what: string, says: RegExp, user: string, rules: TokenRules, of?: string]>([
  ['after 15 minutes', /has expired/, 'apigw', rulesAt(now + 900_000)],
  ['for another user', /for the user apigw/, 'root', rulesAt(now)],
  ['for another host', /is for db\.example/, 'apigw', rulesAt(now, { host: 'other.rds.amazonaws.com' })],
  ['of another region', /scope is/, 'apigw', rulesAt(now, { region: 'us-east-1' })],
  ['of unknown keys', /no known key has signed it/, 'apigw', rulesAt(now, { keys: () => undefined })],
  [
    'with another signature',
    /signature is wrong/,
    'apigw',
    rulesAt(now),
    token.replace(/.$/, (end) => (end === '0' ? '1' : '0')),
  ],
  [
    'of a role that may not',
    /denies rds-db:connect/,
    'apigw',
    rulesAt(now, { evaluate: () => ({ allowed: false, reason: 'no' }) }),
  ],
  ['that is a password', /no known key has signed it/, 'apigw', rulesAt(now), 'a password'],
])('a database refuses a token %s', (_what, says, user, rules, of = token) => {
  expect(refusalOf(of, user, rules)?.reason).toMatch(says)
})

test('connections share a token for ten minutes', async () => {
  let time = now
  const give = databaseToken(address, { ...options, now: () => time })
  const first = await give()
  time += 599_000
  expect(await give()).toBe(first)
  time += 2_000
  expect(await give()).not.toBe(first)
})
