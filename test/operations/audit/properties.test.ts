import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Audit, audit } from '../../../src/operations/audit/audit.ts'
import { readPolicy } from '../../../src/operations/policy/document.ts'
import { decide } from '../../../src/operations/policy/evaluate.ts'
import {
  account,
  accountOf,
  accountRoot,
  allow,
  deny,
  document,
  group,
  now,
  role,
  service,
  trusting,
  user,
  when,
} from './build.ts'

/** Small accounts in which most kinds of paths can come about, and sometimes do. */
type Statement = ReturnType<typeof allow>

const actions = fc.constantFrom(
  'iam:PutUserPolicy',
  'iam:AddUserToGroup',
  'iam:RemoveUserFromGroup',
  'iam:CreateAccessKey',
  'iam:PassRole',
  'lambda:*',
  'sts:AssumeRole',
  'iam:UpdateAssumeRolePolicy',
  's3:Get*',
  '*',
)
const resources = fc.constantFrom(
  '*',
  `arn:aws:iam::${account}:user/*`,
  `arn:aws:iam::${account}:role/r1`,
  'arn:aws:lambda:*:*:*',
)
const conditions = fc.constantFrom(
  {},
  when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
  when({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }),
  when({ StringEquals: { 'aws:PrincipalTag/team': 'a' } }),
)
const allows = fc.tuple(actions, resources, conditions).map(([action, resource, more]) => allow(action, resource, more))
const denials = fc.tuple(actions, resources, conditions).map(([action, resource, more]) => deny(action, resource, more))
const policies = fc.array(fc.oneof({ weight: 4, arbitrary: allows }, denials), { maxLength: 3 })

interface Scene {
  readonly users: readonly { readonly own: readonly Statement[]; readonly joined: boolean }[]
  readonly roles: readonly { readonly own: readonly Statement[]; readonly trust: 'root' | 'lambda' | 'u0' }[]
  readonly group: readonly Statement[]
}
const scenes: fc.Arbitrary<Scene> = fc.record({
  users: fc.array(fc.record({ own: policies, joined: fc.boolean() }), { minLength: 1, maxLength: 2 }),
  roles: fc.array(fc.record({ own: policies, trust: fc.constantFrom('root', 'lambda', 'u0') }), { minLength: 1, maxLength: 2 }),
  group: policies,
})

interface Change {
  /** Statements that the first user has besides. */
  readonly more?: readonly Statement[]
  /** What comes before each name. */
  readonly prefix?: string
}

function audited(scene: Scene, { more = [], prefix = '' }: Change = {}): Promise<Audit> {
  const trusts = {
    root: trusting(accountRoot),
    lambda: service('lambda'),
    u0: trusting(`arn:aws:iam::${account}:user/${prefix}u0`),
  }
  const renamed = (statements: readonly Statement[]): Statement[] =>
    statements.map((one) =>
      one.Resource === `arn:aws:iam::${account}:role/r1` ? { ...one, Resource: `arn:aws:iam::${account}:role/${prefix}r1` } : one,
    )
  const parts = [
    ...scene.users.map(({ own, joined }, at) =>
      user(`${prefix}u${at}`, renamed(at === 0 ? [...own, ...more] : own), { groups: joined ? [`${prefix}g`] : [] }),
    ),
    ...scene.roles.map(({ own, trust }, at) => role(`${prefix}r${at}`, trusts[trust], renamed(own))),
    group(`${prefix}g`, renamed(scene.group)),
  ]
  return audit(accountOf(...parts), now)
}

const rank = { no: 0, conditional: 1, yes: 2 } as const
const pathRank = { none: 0, conditional: 1, proven: 2 } as const

/** What a principal is or can become: administrator at once counts as much as a path to it. */
function might({ principals }: Audit, at: number): number {
  const one = principals[at]
  return one === undefined ? 0 : Math.max(rank[one.admin], pathRank[one.escalation.verdict])
}

const few = { numRuns: 60 }

test('a denial that a principal cannot take off never gives it a path', async () => {
  // A Deny in a group or a role of the scene may be left, so the denial stands in a service control policy.
  await fc.assert(
    fc.asyncProperty(scenes, denials, async (scene, denial) => {
      const before = await audited(scene)
      const account = accountOf(
        ...scene.users.map(({ own, joined }, at) => user(`u${at}`, own, { groups: joined ? ['g'] : [] })),
        ...scene.roles.map(({ own, trust }, at) =>
          role(
            `r${at}`,
            { root: trusting(accountRoot), lambda: service('lambda'), u0: trusting(`arn:aws:iam::123456789012:user/u0`) }[trust],
            own,
          ),
        ),
        group('g', scene.group),
      )
      const guard = readPolicy({ name: 'guard', document: document(allow('*'), denial) })
      const after = await audit({ ...account, scps: [[guard]] }, now)
      for (const [at] of before.principals.entries()) expect(might(after, at)).toBeLessThanOrEqual(might(before, at))
    }),
    few,
  )
})

test('a principal that is allowed more never loses a path', async () => {
  await fc.assert(
    fc.asyncProperty(scenes, allows, async (scene, more) => {
      const before = await audited(scene)
      const after = await audited(scene, { more: [more] })
      for (const [at] of before.principals.entries()) expect(might(after, at)).toBeGreaterThanOrEqual(might(before, at))
    }),
    few,
  )
})

test('names change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(scenes, fc.constantFrom('z', 'a-', 'Q.'), async (scene, prefix) => {
      const before = await audited(scene)
      const after = await audited(scene, { prefix })
      const verdicts = ({ principals }: Audit) =>
        principals.map(({ type, admin, escalation }) => [type, admin, escalation.verdict])
      expect(verdicts(after)).toEqual(verdicts(before))
    }),
    few,
  )
})

test('a policy and a weaker one never swap verdicts', () => {
  const order = { denied: 0, conditional: 1, allowed: 2 } as const
  const policyOf = (...statements: Statement[]) => readPolicy({ name: 'p', document: document(...statements) })
  const plain = ({ Condition: _, ...rest }: Statement): Statement => rest
  const requests = fc.constantFrom(
    { action: 'iam:PutUserPolicy', resource: `arn:aws:iam::${account}:user/u0` },
    { action: 'sts:AssumeRole', resource: `arn:aws:iam::${account}:role/r1` },
    { action: 's3:GetObject', resource: 'arn:aws:s3:::a/b' },
  )
  fc.assert(
    fc.property(policies, allows, denials, requests, (own, more, less, request) => {
      const verdict = (...statements: Statement[]) =>
        order[decide({ identity: [policyOf(...statements)], boundary: undefined, scps: [], context: new Map() }, request).verdict]
      expect(verdict(...own)).toBeLessThanOrEqual(verdict(...own, more))
      expect(verdict(...own, less)).toBeLessThanOrEqual(verdict(...own))
      // A condition only narrows an Allow.
      expect(
        verdict(...own, { ...plain(more), ...when({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }) }),
      ).toBeLessThanOrEqual(verdict(...own, plain(more)))
    }),
    { numRuns: 500 },
  )
})
