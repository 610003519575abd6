import { describe, expect, test } from 'vitest'
import { account, changeSet, deploy, type Sending } from './world.ts'

const queue = { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: 'Name' } } }
const named = (parameter: object, more: object = {}) => ({
  Parameters: { Name: parameter },
  Resources: { Queue: queue },
  ...more,
})
const many = (count: number, of: object) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`It${at}`, of]))
const topic = { Type: 'AWS::SNS::Topic' }

/** The text of the refusal; undefined if the change set is created. */
function refusalOf(template: string | object, sending: Sending = {}): string | undefined {
  try {
    return changeSet(account(), 'one', template, sending).reason
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('parameters', () => {
  const text = { Type: 'String' }
  test.each<[string, object, Record<string, string>, RegExp]>([
    ['one without a value', text, {}, /Parameters: \[Name\] must have values/],
    ['one that the template does not have', text, { Name: 'a', Other: 'b' }, /Parameters: \[Other\] do not exist/],
    ['a value that is not in the list', { ...text, AllowedValues: ['a', 'b'] }, { Name: 'c' }, /must be one of AllowedValues/],
    ['a part that matches the pattern', { ...text, AllowedPattern: '[a-z]+' }, { Name: 'a-b' }, /must match pattern \[a-z\]\+/],
    ['a value that is too short', { ...text, MinLength: 2 }, { Name: 'a' }, /at least 2 characters/],
    ['a value that is too long', { ...text, MaxLength: 2 }, { Name: 'abc' }, /at most 2 characters/],
    ['a number with letters', { Type: 'Number' }, { Name: 'abc' }, /must be a number/],
    ['a number that is too small', { Type: 'Number', MinValue: 22 }, { Name: '20' }, /not less than 22/],
    ['a number that is too large', { Type: 'Number', MaxValue: 10 }, { Name: '20' }, /not greater than 10/],
    ['a default that does not fit', { ...text, Default: 'c', AllowedValues: ['a', 'b'] }, {}, /AllowedValues/],
    ['one item of a list', { Type: 'CommaDelimitedList', AllowedValues: ['a', 'b'] }, { Name: 'a, c' }, /AllowedValues/],
    ['a value of 4,097 bytes', text, { Name: 'a'.repeat(4_097) }, /4096 bytes/],
  ])('%s is refused', (_what, parameter, parameters, message) => {
    expect(refusalOf(named(parameter), { parameters })).toMatch(message)
  })
  test('an assertion of a rule is refused with its text', () => {
    const Assertions = [{ Assert: { 'Fn::Equals': [{ Ref: 'Name' }, 'b'] }, AssertDescription: 'Name has to be b.' }]
    const template = named({ Type: 'String' }, { Rules: { Fits: { Assertions } } })
    expect(refusalOf(template, { parameters: { Name: 'a' } })).toMatch(/Name has to be b\./)
    expect(refusalOf(template, { parameters: { Name: 'b' } })).toBeUndefined()
  })
})

describe('templates', () => {
  const padded = { Resources: { Topic: topic }, Metadata: { Text: 'a'.repeat(51_200) } }
  test.each<[string, string | object, RegExp, Sending?]>([
    ['more than 51,200 bytes in the request', padded, /less than or equal to 51200/],
    ['more than 1 MB from S3', { ...padded, Metadata: { Text: 'a'.repeat(1_048_576) } }, /may not exceed/, { uploaded: true }],
    ['501 resources', { Resources: many(501, topic) }, /resources, 501, is greater than maximum allowed, 500/],
    ['201 outputs', { Resources: { Topic: topic }, Outputs: many(201, { Value: 'a' }) }, /outputs, 201/],
    [
      '201 parameters',
      { Resources: { Topic: topic }, Parameters: many(201, { Type: 'String', Default: 'a' }) },
      /parameters, 201/,
    ],
    ['a logical id with a hyphen', { Resources: { 'a-b': topic } }, /a-b is non alphanumeric/],
    ['an unknown section', { Resources: { Topic: topic }, Extra: {} }, /Invalid template property or properties \[Extra\]/],
    ['no resource', { Resources: {} }, /At least one Resources member/],
    ['a description of 1,025 bytes', { Description: 'a'.repeat(1_025), Resources: { Topic: topic } }, /'Description' length/],
    ['text that is not YAML', 'Resources: {', /Template format error/],
    ['a reference to nothing', { Resources: { Queue: queue } }, /Unresolved resource dependency \[Name\]/],
  ])('%s is refused', (_what, template, message, sending) => {
    expect(refusalOf(template, sending)).toMatch(message)
  })
  test('a larger template is accepted from S3', () => {
    expect(refusalOf(padded, { uploaded: true })).toBeUndefined()
  })
  test('IAM resources need a capability, and named ones a wider one', () => {
    const role = (properties: object) => ({
      Resources: { Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {}, ...properties } } },
    })
    expect(refusalOf(role({}), { capabilities: [] })).toBe('Requires capabilities : [CAPABILITY_IAM]')
    expect(refusalOf(role({ RoleName: 'a' }), { capabilities: ['CAPABILITY_IAM'] })).toBe(
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    )
    expect(refusalOf(role({}), { capabilities: ['CAPABILITY_IAM'] })).toBeUndefined()
  })
})

describe('change sets', () => {
  test('of a kind that does not fit the stack are refused', () => {
    const aws = account()
    expect(() => changeSet(aws, 'one', { Resources: { Topic: topic } }, { type: 'UPDATE' })).toThrow('Stack [one] does not exist')
    deploy(aws, 'one', { Resources: { Topic: topic } })
    expect(() => changeSet(aws, 'one', { Resources: { Topic: topic } }, { type: 'CREATE' })).toThrow('already exists')
    expect(() => changeSet(aws, 'a_b', { Resources: { Topic: topic } })).toThrow(/pattern/)
  })
  test('are gone after one of them was executed, and cannot be executed when they failed', () => {
    const aws = account()
    deploy(aws, 'one', { Resources: { Topic: topic } })
    const same = changeSet(aws, 'one', { Resources: { Topic: topic } })
    expect(() => aws.execute(same, undefined)).toThrow('cannot be executed in its current status of [FAILED]')
    const first = changeSet(aws, 'one', { Resources: { Topic: topic, Other: topic } })
    deploy(aws, 'one', { Resources: { Topic: topic, Third: topic } })
    expect(() => aws.changeSet(first.id)).toThrow('does not exist')
  })
})
