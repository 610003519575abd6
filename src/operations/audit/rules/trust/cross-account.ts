import type { PrincipalPatterns, RequestContext } from '../../../policy/index.ts'
import { absent, decide, trustOf, value } from '../../../policy/index.ts'
import { isAwsOwned, type Principal } from '../../account/account.ts'
import { unnamedArn } from '../permissions.ts'
import { listNames, type Rule, type RuleInput } from '../rule.ts'

/** The account ID of a principal in a trust policy, or `undefined` if it has none. */
function accountIn(text: string): string | undefined {
  return /^(\d{12})$/.exec(text)?.[1] ?? /^arn:[^:]+:(?:iam|sts)::(\d{12}):/.exec(text)?.[1]
}

function outsiders(principals: PrincipalPatterns | undefined, own: string): string[] {
  if (principals === undefined || principals.not) return []
  return principals.entries.flatMap(({ kind, value: text }) => {
    const account = kind === 'AWS' ? accountIn(text) : undefined
    return account === undefined || account === own ? [] : [text]
  })
}

/** The external principals in the trust policies, with their roles. */
function* externalTrusts({ account }: RuleInput): Generator<{ role: Principal; text: string; outside: string }> {
  for (const role of account.roles) {
    if (role.trust === undefined || isAwsOwned(role)) continue
    const texts = new Set(
      role.trust.statements
        .filter(({ effect }) => effect === 'Allow')
        .flatMap(({ principals }) => outsiders(principals, account.id)),
    )
    for (const text of texts) yield { role, text, outside: accountIn(text) ?? '' }
  }
}

/**
 * What any customer of the same vendor can send: not the ExternalId or organization of this account, and no MFA. A vendor may send
 * no ExternalId at all, and an access key no age of an MFA: then a condition with `IfExists` holds.
 */
function strangerContexts(outside: string, arn: string): RequestContext[] {
  return [value('apigw-audit-guess'), absent].map(
    (externalId) =>
      new Map([
        ['aws:principalaccount', value(outside)],
        ['aws:principalarn', value(arn)],
        ['aws:principalorgid', value('o-stranger')],
        ['aws:multifactorauthpresent', absent],
        ['aws:multifactorauthage', absent],
        ['sts:externalid', externalId],
      ]),
  )
}

export const crossAccount: Rule = {
  id: 'cross-account-without-external-id',
  severity: 'high',
  level: 'trust',
  title: 'Cross-account trust without ExternalId or MFA',
  why: 'Another customer can trick the vendor into accessing your account (the confused deputy problem).',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html'],
  templates: true,
  *find(input) {
    for (const { role, text, outside } of externalTrusts(input)) {
      if (role.trust === undefined) continue
      const arn =
        text.startsWith('arn:') && !text.endsWith(':root') ? text : `arn:${input.account.partition}:iam::${outside}:user/stranger`
      const caller = { kind: 'AWS', arn, account: outside } as const
      const { trust } = role
      const trusts = strangerContexts(outside, arn).map((context) => trustOf(trust, role.arn, caller, 'sts:AssumeRole', context))
      if (!trusts.some(({ named, on }) => named !== 'no' && on.length === 0)) continue
      const vendor = input.vendors.get(outside)
      yield {
        resource: role.arn,
        key: text,
        title: `${role.name} trusts ${vendor ?? `account ${outside}`} without ExternalId or MFA`,
        evidence: [text],
        fix: `Add to the trust policy: "Condition": {"StringEquals": {"sts:ExternalId": "VALUE"}}, then run: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
      }
    }
  },
}

export const unknownAccount: Rule = {
  id: 'unknown-account',
  severity: 'medium',
  level: 'trust',
  title: 'Unknown account can assume a role',
  why: 'The account may belong to a former vendor or to an attacker.',
  references: ['https://github.com/fwdcloudsec/known_aws_accounts'],
  templates: true,
  *find(input) {
    const roles = Map.groupBy(externalTrusts(input), ({ outside }) => outside)
    for (const [outside, found] of roles) {
      if (input.vendors.has(outside)) continue
      yield {
        resource: `arn:${input.account.partition}:iam::${outside}:root`,
        title: `The unknown account ${outside} can assume ${found.length === 1 ? 'a role' : `${found.length} roles`}`,
        evidence: [listNames(found.map(({ role }) => role.name))],
        fix: 'Identify the owner. If the account is yours, accept the finding in the baseline; if it stays unknown, remove it from the trust policies',
      }
    }
  },
}

function isAttached({ grants }: Principal, byName: boolean): boolean {
  return byName || grants.some(({ policy: { arn }, how }) => how === 'attached' && arn?.endsWith(':aws:policy/ReadOnlyAccess'))
}

/** Actions that ReadOnlyAccess allows and a least-privilege role does not. */
const dataActions = [
  's3:GetObject',
  'dynamodb:GetItem',
  'sqs:ReceiveMessage',
  'lambda:GetFunction',
  'ec2:DescribeInstances',
] as const

export const externalReadOnly: Rule = {
  id: 'external-read-only',
  severity: 'high',
  level: 'trust',
  title: 'Read access to all data for another account',
  why: 'ReadOnlyAccess includes the data itself, such as S3 objects, DynamoDB items and SQS messages.',
  references: ['https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ReadOnlyAccess.html'],
  templates: true,
  *find(input) {
    const seen = new Set<string>()
    for (const { role, text } of externalTrusts(input)) {
      if (seen.has(role.arn)) continue
      seen.add(role.arn)
      const node = input.graph.byArn.get(role.arn)
      const byName = role.unread.some((arn) => arn.endsWith('/ReadOnlyAccess'))
      const allowed = dataActions.filter(
        (action) =>
          node !== undefined && decide(node, { action, resource: unnamedArn(action, input.account.id) }).verdict === 'allowed',
      )
      if (!byName && allowed.length < dataActions.length - 1) continue
      yield {
        resource: role.arn,
        title: `${role.name} can read all data, and another account can assume it`,
        evidence: [text, byName ? 'ReadOnlyAccess' : listNames(allowed)],
        fix: isAttached(role, byName)
          ? `Attach ViewOnlyAccess or SecurityAudit instead, which do not include the data: aws iam detach-role-policy --role-name ${role.name} --policy-arn arn:${input.account.partition}:iam::aws:policy/ReadOnlyAccess`
          : `Limit its policies to what the other account needs: ${listNames(role.grants.map(({ policy }) => policy.name))}`,
      }
    }
  },
}
