import { describe, expect, test } from 'vitest'
import { newSecret } from '../../../src/domain/credential.ts'
import { type CustomerFile, faultText, jsonSchema, readCustomers } from '../../../src/operations/configuration/index.ts'

const file = (text: string, path = 'c.yaml'): CustomerFile => ({ path, text })
const head = 'version: 1\ncustomers:\n  acme:\n'
const faultsIn = (text: string): string[] => readCustomers([file(text)]).faults.map(faultText)

const secret = newSecret('live')
const wrong: readonly [string, string, string | RegExp][] = [
  [
    'an unknown field',
    `${head}    quotas:\n      live: { monht: 10 }\n`,
    'c.yaml:5:15: customers.acme.quotas.live.monht: is not a known field; did you mean "month"?',
  ],
  [
    'a number where a text is, which lost its first digit',
    `${head}    sending: { originCode: 012345678 }\n`,
    'c.yaml:4:16: customers.acme.sending.originCode: must be a string: put it in quotation marks, because YAML reads it as a number',
  ],
  [
    'a telephone number as a name, which lost its first digit',
    `${head}    senders:\n      01012345678: {}\n`,
    'c.yaml:5:7: 01012345678: put the name in quotation marks, because YAML does not read it as text',
  ],
  [
    '"no" under the rules of YAML 1.1',
    `%YAML 1.1\n---\n${head}    name: no\n`,
    /put it in quotation marks, because YAML reads it as a boolean/,
  ],
  ['a customer twice', `${head}    name: A\n  acme:\n    name: B\n`, /^c\.yaml:5: Map keys must be unique/],
  [
    'a merge key',
    `${head}    quotas:\n      live: &q { day: 1 }\n      test: { <<: *q }\n`,
    /merge keys are not part of YAML 1\.2/,
  ],
  ['a tag', `${head}    name: !Ref Other\n`, /^c\.yaml:4:11: Unresolved tag: !Ref/],
  ['two documents', `${head}    name: A\n---\n${head}    name: B\n`, /^c\.yaml:5: Source contains multiple documents/],
  ['a later version', 'version: 2\ncustomers: {}\n', 'c.yaml:1:1: version: must be 1'],
  ['no version', 'customers: {}\n', 'c.yaml: version: is missing'],
  ['an id in capitals', 'version: 1\ncustomers:\n  Acme: {}\n', 'c.yaml:3:3: customers.Acme: is not a customer id'],
  [
    'a rate alone',
    `${head}    quotas:\n      live: { rate: 1 }\n`,
    /^c\.yaml:5:7: customers\.acme\.quotas\.live: A quota needs a daily or/,
  ],
  [
    'a test route to a carrier',
    `${head}    routes: { test: { messages: { targets: [carrier] } } }\n`,
    /routes\.test\.messages: A test route may only/,
  ],
  [
    'one sender in two ways of writing',
    `${head}    senders: { 02-123-4567: {}, "+8221234567": {} }\n`,
    /The sender \+8221234567 is named twice/,
  ],
  ['half a price list', `${head}    sending: { prices: { name: a, types: {} } }\n`, /sending\.prices\.destinations: is missing/],
  [
    'an edited digest',
    `${head}    keys:\n      ak_live_00000000000000000000: { scheme: basic, environment: live, digest: ${'a'.repeat(64)}, fingerprint: ${'b'.repeat(16)} }\n`,
    /The fingerprint is not that of the digest/,
  ],
  ['a secret', `${head}    keys: { a: { digest: ${secret} } }\n`, /^c\.yaml:4:26: holds a secret of apigw/],
  ['a secret in a comment', `# ${secret}\n${head}    name: A\n`, /^c\.yaml:1:3: holds a secret of apigw/],
  [
    'the header of a call',
    `${head}    name: ${Buffer.from(`acme:${secret}:ak_live_0`).toString('base64')}\n`,
    /holds the credentials of a customer/,
  ],
  ['a password', `${head}    password: hunter2\n`, /^c\.yaml:4:1: holds a field for a secret/],
  ['brackets without end', '['.repeat(200_000), /^c\.yaml/],
  [
    'aliases of aliases',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(',')}]`).join('\n')}\n`,
    /Excessive alias count/,
  ],
]

describe('a file is refused with its place for', () => {
  test.each(wrong)('%s', (_, text, message) => {
    const [first = '', ...more] = faultsIn(text)
    if (typeof message === 'string') expect([first, ...more]).toEqual([message])
    else expect(first).toMatch(message)
    expect([first, ...more].join('\n')).not.toContain(secret)
  })
})

test('every fault of a file is reported, not only the first', () => {
  expect(faultsIn(`${head}    a: 1\n    b: 2\n    state: on\n`)).toHaveLength(3)
})

test('a customer in two files is refused, and both are named', () => {
  const { faults } = readCustomers([file(`${head}    name: A\n`, 'a.yaml'), file(`${head}    name: B\n`, 'b.yaml')])
  expect(faults.map(faultText)).toEqual(['b.yaml:3: customers.acme: the customer is also in a.yaml, line 3'])
})

test('what people write differently means the same: order, notation of numbers, anchors, comments, line ends, JSON', () => {
  const texts = [
    `${head}    # new\n    timeZone: Asia/Seoul\n    name: A\n    quotas: { live: &q { day: 5 }, test: *q }\n    senders: { 02-123-4567: {} }\n`,
    `${head}    senders:\n      "02-123-4567": {}\n    quotas:\n      test: { day: 5 }\n      live: { day: 5 }\n    name: "A"\n    timeZone: Asia/Seoul\n`.replaceAll(
      '\n',
      '\r\n',
    ),
    '{"version":1,"customers":{"acme":{"name":"A","timeZone":"Asia/Seoul","quotas":{"live":{"day":5},"test":{"day":5}},"senders":{"02-123-4567":{}}}}}',
  ]
  const read = texts.map((text) => readCustomers([file(text)]))
  expect(read.flatMap(({ faults }) => faults)).toEqual([])
  const [first, ...others] = read.map(({ customers }) => customers.get('acme')?.configuration)
  for (const other of others) expect(other).toEqual(first)
})

test('a customer whose text the registry would write is not parsed, and the lines of the others stay', () => {
  const body = '    name: A\n    state: active\n'
  const text = `version: 1\ncustomers:\n  acme:\n    revision: "${'a'.repeat(16)}"\n${body}  other:\n    nmae: B\n`
  const { customers, faults } = readCustomers([file(text)], (id, known) => id === 'acme' && known === body)
  expect(customers.get('acme')).toEqual({ id: 'acme', file: 'c.yaml', line: 3, revision: 'a'.repeat(16) })
  expect(faults.map(faultText)).toEqual(['c.yaml:8:5: customers.other.nmae: is not a known field; did you mean "name"?'])
  const twice = readCustomers([file(`${text}  acme:\n${body}`)], (id, known) => id === 'acme' && known === body)
  expect(twice.faults.map(faultText).join()).toContain('customers.acme: the customer is also in c.yaml, line 3')
})

test('the schema for editors knows every section and refuses other fields', () => {
  expect(JSON.stringify(jsonSchema())).toContain('"additionalProperties":false')
  for (const section of ['quotas', 'routes', 'sending', 'senders', 'keys'])
    expect(JSON.stringify(jsonSchema())).toContain(`"${section}":`)
})
