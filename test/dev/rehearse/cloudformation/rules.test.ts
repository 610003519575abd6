import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Inventory, noFacts } from '../../../../src/dev/rehearse/cloudformation/inventory.ts'
import { freshAccount, usedAccount } from '../../../../src/dev/rehearse/cloudformation/quotas.ts'
import { rulesOf, typesWithRules } from '../../../../src/dev/rehearse/cloudformation/rules/index.ts'
import type { Rule, Subject, TypeRules, UpdateRule, World } from '../../../../src/dev/rehearse/cloudformation/rules/rule.ts'
import { readTemplate } from '../../../../src/operations/cloudformation/index.ts'
import { control } from './refusals/control.ts'
import { data } from './refusals/data.ts'
import { front } from './refusals/front.ts'
import { messaging } from './refusals/messaging.ts'
import { network } from './refusals/network.ts'
import { now, type RefusalCase } from './refusals/refusal-case.ts'
import { releases } from './refusals/releases.ts'
import { account, deploy, place, whyFailed } from './world.ts'

const cases = [...control, ...data, ...front, ...messaging, ...network, ...releases]

function worldOf({ type, id = 'it', existing = [], facts = {}, quotas = {}, deletedMsAgo }: RefusalCase): World {
  const inventory = new Inventory()
  if (deletedMsAgo !== undefined) inventory.remove(type, id, now - deletedMsAgo)
  for (const [existingType, name, properties = {}, storageChangedAt, published] of existing) {
    const thing = { type: existingType, id: name, properties, logicalId: name, stackId: undefined }
    inventory.put({
      ...thing,
      ...(storageChangedAt !== undefined && { storageChangedAt }),
      ...(published !== undefined && { published }),
    })
  }
  return {
    ...place,
    inventory,
    facts: { ...noFacts(), ...facts },
    quotas: { ...freshAccount, ...quotas },
    now,
  }
}

/** The rules that are asked, each with its answer. */
function answers(one: RefusalCase): [rule: Rule | UpdateRule, refusal: string | undefined][] {
  const { type, id = 'it', properties = {}, before = {}, when = 'created' } = one
  const world = worldOf(one)
  const subject: Subject = { type, logicalId: 'It', id, properties }
  const { valid = [], create = [], update = [], remove = [] }: Partial<TypeRules> = rulesOf(type) ?? {}
  const asked = when === 'deleted' ? remove : [...valid, ...(when === 'created' ? create : [])]
  const changed = when === 'changed' ? update : []
  return [
    ...asked.map((rule): [Rule, string | undefined] => [rule, rule.refuse(subject, world)]),
    ...changed.map((rule): [UpdateRule, string | undefined] => [
      rule,
      rule.refuse({ ...subject, properties: before }, subject, world),
    ]),
  ]
}

describe('AWS refuses', () => {
  test.each(cases.map((one) => [one.what, one] as const))('%s', (_what, one) => {
    const refusals = answers(one).flatMap(([, refusal]) => refusal ?? [])
    expect(refusals.join('\n')).toMatch(one.says)
  })
})

function rulesIn({ valid = [], create = [], update = [], remove = [] }: TypeRules): readonly (Rule | UpdateRule)[] {
  return [...valid, ...create, ...update, ...remove]
}

test('each rule refuses something in a test, and names the page that documents it', () => {
  const refusing = new Set(
    cases.flatMap((one) => answers(one).flatMap(([rule, refusal]) => (refusal === undefined ? [] : [rule]))),
  )
  const untested = [...typesWithRules, 'Custom::Thing'].flatMap((type) => {
    const rules = rulesOf(type)
    if (rules === undefined) return [type]
    return rulesIn(rules).flatMap((rule, at) => (refusing.has(rule) ? [] : [`${type} ${at}: ${rule.source}`]))
  })
  expect(untested).toEqual([])
  const sources = typesWithRules.flatMap((type) => rulesIn(rulesOf(type) ?? { replaces: [] }).map(({ source }) => source))
  expect(sources.filter((source) => !source.startsWith('https://docs.aws.amazon.com/'))).toEqual([])
})

test('a name of a queue is free a minute after the queue was deleted', () => {
  const one = { what: 'a queue', type: 'AWS::SQS::Queue', deletedMsAgo: 60_000, says: /./ }
  expect(answers(one).flatMap(([, refusal]) => refusal ?? [])).toEqual([])
})

test('an account that has been in use may reserve executions, and give functions more memory', () => {
  const properties = { MemorySize: 4_096, ReservedConcurrentExecutions: 100 }
  const one = { what: 'a function', type: 'AWS::Lambda::Function', properties, says: /./ }
  const refused = (of: RefusalCase) => answers(of).flatMap(([, refusal]) => refusal ?? [])
  expect(refused({ ...one, quotas: usedAccount })).toEqual([])
  expect(refused(one)).toHaveLength(2)
})

test('every resource type of the shipped templates has rules', () => {
  const templates = ['stacks', 'trail'].flatMap((folder) =>
    globSync(`templates/${folder}/*.yaml`).map((path) => [path, readFileSync(path, 'utf8')] as const),
  )
  const unknown = templates.flatMap(([path, text]) =>
    [...readTemplate(text, { name: path, code: 'config-invalid' }).resources.values()]
      .map(({ type }) => type)
      .filter((type) => rulesOf(type) === undefined)
      .map((type) => `${path}: ${type}`),
  )
  expect(templates.length).toBeGreaterThan(8)
  expect([...new Set(unknown)]).toEqual([])
})

test.each([
  ['AWS::SQS::Queue', 'QueueName'],
  ['AWS::S3::Bucket', 'BucketName'],
  ['AWS::IAM::Role', 'RoleName'],
  ['AWS::IAM::Group', 'GroupName'],
  ['AWS::IAM::ManagedPolicy', 'ManagedPolicyName'],
  ['AWS::Logs::LogGroup', 'LogGroupName'],
  ['AWS::ECR::Repository', 'RepositoryName'],
  ['AWS::Lambda::Function', 'FunctionName'],
  ['AWS::ElasticLoadBalancingV2::TargetGroup', 'Name'],
  ['AWS::RDS::DBInstance', 'DBInstanceIdentifier'],
  ['AWS::SecretsManager::Secret', 'Name'],
  ['AWS::CloudWatch::Alarm', 'AlarmName'],
  ['AWS::SNS::Topic', 'TopicName'],
  ['AWS::WAFv2::WebACL', 'Name'],
  ['AWS::Events::Rule', 'Name'],
  ['AWS::DynamoDB::Table', 'TableName'],
])('%s cannot be created where its name is taken', (Type, property) => {
  const aws = account()
  const Properties = { [property]: 'taken', AssumeRolePolicyDocument: {}, ScheduleExpression: 'rate(1 day)' }
  const template = { Resources: { It: { Type, Properties } } }
  expect(deploy(aws, 'one', template).status).toBe('CREATE_COMPLETE')
  expect(whyFailed(deploy(aws, 'two', template))).toMatch(/already exists/)
})
