import { stringify } from 'yaml'
import * as z from 'zod'
import { apigw } from '../../../domain/next-step.ts'
import { isRecord, recordOf } from '../../../domain/record.ts'
import { readYaml } from '../../../domain/yaml-document.ts'
import type { Account } from '../account/account.ts'
import type { Audit } from '../audit.ts'
import type { Finding } from '../finding.ts'
import { type PlanStep, stepShape, stepText } from './steps.ts'

const shape = z.strictObject({ version: z.literal(1), account: z.string(), steps: z.array(stepShape) })

export type Plan = z.infer<typeof shape>

type RawStatement = { readonly [name: string]: unknown }

function statementsOf(document: unknown): RawStatement[] {
  const { Statement: found } = recordOf(document)
  return (Array.isArray(found) ? found : [found]).filter(isRecord)
}

/** Adds a condition to the matching statements of a trust policy. */
function withCondition(
  document: unknown,
  isMatch: (statement: RawStatement) => boolean,
  key: string,
  value: string,
): Record<string, unknown> {
  const statements = statementsOf(document).map((statement) => {
    if (!isMatch(statement)) return statement
    const conditions = recordOf(statement.Condition)
    return { ...statement, Condition: { ...conditions, StringEquals: { ...recordOf(conditions.StringEquals), [key]: value } } }
  })
  return { ...recordOf(document), Statement: statements }
}

function names(of: unknown): string[] {
  return (Array.isArray(of) ? of : [of]).map(String)
}

function last(arn: string): string {
  return arn.split('/').at(-1) ?? arn
}

/** Steps that add a missing condition to a trust policy. */
function trustSteps({ rule, resource }: Finding, account: Account): PlanStep[] {
  const role = account.roles.find(({ arn }) => arn === resource)
  const document = role?.trust?.document
  if (role === undefined || document === undefined) return []
  if (rule === 'confused-deputy') {
    const trust = withCondition(document, ({ Principal }) => 'Service' in recordOf(Principal), 'aws:SourceAccount', account.id)
    return [{ do: 'tighten-trust', role: role.name, trust }]
  }
  if (rule === 'saml-without-audience') {
    const isSaml = ({ Principal }: RawStatement): boolean =>
      names(recordOf(Principal).Federated).some((one) => one.includes(':saml-provider/'))
    return [
      {
        do: 'tighten-trust',
        role: role.name,
        trust: withCondition(document, isSaml, 'SAML:aud', 'https://signin.aws.amazon.com/saml'),
      },
    ]
  }
  return []
}

/** Steps that disable stale credentials. Keys are only deactivated, which is easy to undo. */
function credentialSteps({ rule, resource, id }: Finding, account: Account): PlanStep[] {
  const row = account.facts.credentials?.find(({ arn }) => arn === resource)
  if (row === undefined || row.user === '<root_account>') return []
  const keys = row.keys.filter(({ active, rotated }) => active && rotated !== undefined)
  const key = (slot: number): PlanStep[] =>
    keys
      .filter((one) => one.slot === slot)
      .map(({ rotated = 0 }) => ({ do: 'deactivate-key', user: row.user, created: new Date(rotated).toISOString() }))
  const slots = /password/.test(id) ? [] : [1, 2]
  if (rule === 'key-never-used')
    return slots.filter((slot) => keys.some((one) => one.slot === slot && one.used === undefined)).flatMap(key)
  if (rule === 'two-active-keys') {
    const [older] = keys.toSorted((a, b) => (a.used ?? 0) - (b.used ?? 0))
    return older === undefined ? [] : key(older.slot)
  }
  return rule === 'console-without-mfa' ? [{ do: 'require-mfa', user: row.user }] : []
}

function unusedSteps({ title, resource }: Finding, account: Account): PlanStep[] {
  const row = account.facts.credentials?.find(({ arn }) => arn === resource)
  if (row === undefined) return []
  if (title.startsWith('The password')) return [{ do: 'delete-password', user: row.user }]
  const slot = Number(/^Access key (\d)/.exec(title)?.[1])
  const found = row.keys.find((one) => one.slot === slot)
  return found?.rotated === undefined
    ? []
    : [{ do: 'deactivate-key', user: row.user, created: new Date(found.rotated).toISOString() }]
}

/** Detaches a policy from a user who also gets it from a group. */
function detachSteps({ resource, evidence: [policy = ''] }: Finding, account: Account): PlanStep[] {
  const user = account.users.find(({ arn }) => arn === resource)
  const byGroup = user?.grants.some((grant) => grant.group !== undefined && grant.policy.arn === policy)
  return user !== undefined && byGroup ? [{ do: 'detach-policy', from: 'user', name: user.name, policy }] : []
}

function stepsFor(finding: Finding, account: Account): PlanStep[] {
  switch (finding.rule) {
    case 'unused-credential':
      return unusedSteps(finding, account)
    case 'policy-on-user':
      return detachSteps(finding, account)
    case 'unused-policy':
    case 'unattached-admin-policy':
      return [{ do: 'delete-policy', policy: finding.resource }]
    case 'empty-group':
      return [{ do: 'delete-group', group: last(finding.resource) }]
    case 'unused-role':
      return [{ do: 'delete-role', role: last(finding.resource) }]
    case 'password-length':
    case 'password-reuse':
    case 'password-characters':
      return [{ do: 'set-password-policy' }]
    case 'confused-deputy':
    case 'saml-without-audience':
      return trustSteps(finding, account)
    default:
      return credentialSteps(finding, account)
  }
}

/** A plan with the remediations that are safe without further input, without duplicates. Skips accepted findings. */
export function planOf({ findings }: Audit, account: Account): Plan {
  const seen = new Set<string>()
  const steps = findings
    .filter(({ suppressed }) => suppressed === null)
    .flatMap((finding) => stepsFor(finding, account).map((step) => ({ ...step, finding: finding.id, why: finding.title })))
    .filter((step) => {
      const text = stepText(step)
      return !seen.has(text) && seen.add(text)
    })
  return { version: 1, account: account.id, steps }
}

/** The plan as a file that people can review and edit. */
export function planText(plan: Plan): string {
  const head = [
    '# The steps for `apigw iam apply`. Remove the steps that you do not want. Nothing has been changed yet.',
    '# To check the plan first: apigw iam apply FILE --dry-run',
    '',
  ]
  return head.join('\n') + stringify(plan, { lineWidth: 0 })
}

/** Parses a plan file. @throws Problem `audit-input-invalid` with the line or field */
export function readPlan(text: string, name: string): Plan {
  const next = apigw('audit iam', '--plan', 'FILE')
  return readYaml(text, shape, { name, code: 'audit-input-invalid', next })
}
