import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { accountFrom, checkedDetails } from '../../../src/operations/audit/account/details.ts'
import { type Audit, audit } from '../../../src/operations/audit/audit.ts'
import { existingPassRolePaths, newPassRolePaths } from '../../../src/operations/audit/escalation/catalogue.ts'
import { readPolicy } from '../../../src/operations/policy/document.ts'
import { account, accountOf, accountRoot, allow, document, now, role, roleArn, service, trusting, user } from './build.ts'
import { type Case, corpus } from './corpus.ts'

function auditCase({ account: text, scps = [] }: Case): Promise<Audit> {
  const levels = scps.map((level, at) => [readPolicy({ name: `level ${at}`, document: document(...level) })])
  const found = accountFrom(checkedDetails(text, 'corpus'), { source: 'account', readAt: now })
  return audit({ ...found, scps: levels }, now)
}

const shortName = (arn: string): string => arn.split('/').at(-1) ?? ''

describe('the labelled corpus', () => {
  test.each(corpus)('$name', async (one) => {
    const { principals } = await auditCase(one)
    const seen = principals.map(({ arn, admin, escalation }) => [shortName(arn), admin, escalation.verdict])
    const expected = principals.map(({ arn }) => [
      shortName(arn),
      one.admins?.[shortName(arn)] ?? 'no',
      one.escalations?.[shortName(arn)] ?? 'none',
    ])
    expect(seen).toEqual(expected)
  })

  test('precision and recall', async () => {
    const verdicts: { seen: string; expected: string }[] = []
    for (const one of corpus) {
      const { principals } = await auditCase(one)
      verdicts.push(
        ...principals.map(({ arn, escalation }) => ({
          seen: escalation.verdict,
          expected: one.escalations?.[shortName(arn)] ?? 'none',
        })),
      )
    }
    const right = verdicts.filter(({ seen, expected }) => seen === expected && expected !== 'none').length
    const precision = right / verdicts.filter(({ seen }) => seen !== 'none').length
    const recall = right / verdicts.filter(({ expected }) => expected !== 'none').length
    process.stdout.write(
      `audit iam, ${corpus.length} accounts: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)} of ${right} paths\n`,
    )
    expect({ precision, recall }).toEqual({ precision: 1, recall: 1 })
  })
})

describe('the catalogue', () => {
  interface Path {
    readonly id: string
    readonly required: readonly string[]
  }
  const { paths }: { paths: readonly Path[] } = JSON.parse(
    readFileSync(new URL('escalation-paths.json', import.meta.url), 'utf8'),
  )
  const services = paths.filter(({ id }) => !/^(?:iam|sts)-/.test(id))

  test.each(services)('contains $id with its actions', ({ id, required }) => {
    const way = [...newPassRolePaths, ...existingPassRolePaths].find((one) => one.id === id)
    const passes = newPassRolePaths.some((one) => one.id === id) ? ['iam:PassRole'] : []
    // The PassRole paths also require iam:PassRole.
    expect([...passes, ...(way?.actions ?? [])].toSorted()).toEqual([...required].toSorted())
  })

  /** An actor with exactly the actions of a path, and administrators as targets. */
  function scene(required: readonly string[]) {
    const actions = allow([...required])
    const actorIsRole = required.some((action) => /^iam:(?:Put|Attach)RolePolicy$/.test(action)) && required.length === 1
    const targets = [user('root', [allow('*')]), role('top', trusting(accountRoot), [allow('*')])]
    const actor = actorIsRole ? role('actor', service('ec2'), [actions]) : user('actor', [actions], { groups: ['mine'] })
    return { actor, targets }
  }

  test.each(paths.filter(({ id }) => /^(?:iam|sts)-/.test(id)))('finds $id', async ({ required }) => {
    const { actor, targets } = scene(required)
    const own = {
      Arn: `arn:aws:iam::${account}:policy/own`,
      PolicyName: 'own',
      AttachmentCount: 1,
      DefaultVersionId: 'v1',
      PolicyVersionList: [{ VersionId: 'v1', IsDefaultVersion: true, Document: document(allow('s3:Get*')) }],
    }
    const groups = ['mine', 'admins'].map((name) => ({
      Arn: `arn:aws:iam::${account}:group/${name}`,
      GroupName: name,
      GroupPolicyList: name === 'admins' ? [{ PolicyName: 'p', PolicyDocument: document(allow('*')) }] : [],
      AttachedManagedPolicies: [],
    }))
    const withOwn = { ...actor, AttachedManagedPolicies: [{ PolicyArn: own.Arn }] }
    const { principals } = await audit(accountOf(withOwn, ...targets, ...groups, own), now)
    expect(principals.find(({ arn }) => arn.endsWith('/actor'))?.escalation.verdict).toBe('proven')
  })
})

describe('an escalation path', () => {
  test('is the shortest, and names each step and the statement to change', async () => {
    const { principals, findings } = await audit(
      accountOf(
        user('a', [allow('sts:AssumeRole', [roleArn('long'), roleArn('short')])]),
        role('long', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('short'))]),
        role('short', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('top'))]),
        role('top', trusting(accountRoot), [allow('*')]),
      ),
      now,
    )
    const [path] = principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.paths ?? []
    expect(path?.steps.map(({ from, to }) => [shortName(from), shortName(to ?? '')])).toEqual([
      ['a', 'short'],
      ['short', 'top'],
    ])
    expect(path?.cut).toBe('remove sts:AssumeRole from inline of a, statement 1, or restrict it to the resources that it needs')
    expect(findings.find(({ rule, resource }) => rule === 'escalation' && resource.endsWith('user/a'))?.title).toBe(
      'a can escalate to administrator in 2 steps',
    )
  })
  test('says when other paths remain', async () => {
    const { principals } = await audit(
      accountOf(
        user('a', [allow('sts:AssumeRole', roleArn('top')), allow('iam:PutUserPolicy')]),
        role('top', trusting(accountRoot), [allow('*')]),
      ),
      now,
    )
    expect(principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.paths[0]?.cut).toMatch(/other paths remain$/)
  })
  test('uses the functions and stacks of a live run', async () => {
    const found = accountOf(
      user('a', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'])]),
      role('top', service('lambda'), [allow('*')]),
    )
    const workloads = [{ arn: `arn:aws:lambda:us-east-1:${account}:function:f`, kind: 'function' as const, role: roleArn('top') }]
    const { principals } = await audit({ ...found, facts: { ...found.facts, workloads } }, now)
    expect(principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.verdict).toBe('proven')
  })
})
