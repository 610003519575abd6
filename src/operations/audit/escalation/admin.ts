import type { RequestContext } from '../../policy/index.ts'
import { decide, type Policy, readPolicy, type Subject } from '../../policy/index.ts'

/** Whether a principal is an administrator. `conditional` if that depends on conditions that cannot be evaluated. */
export interface Admin {
  readonly verdict: 'yes' | 'conditional' | 'no'
  readonly on: readonly string[]
  readonly by: string | undefined
}

/**
 * Sample actions that an administrator can perform on a resource that no policy names. The first action does not exist, so
 * only a wildcard or a NotAction allows it.
 */
const adminActions = [
  'apigw-audit:AnythingAtAll',
  's3:DeleteBucket',
  's3:GetObject',
  'ec2:RunInstances',
  'ec2:TerminateInstances',
  'lambda:UpdateFunctionCode',
  'dynamodb:DeleteTable',
  'rds:DeleteDBInstance',
  'kms:Decrypt',
  'kms:ScheduleKeyDeletion',
  'secretsmanager:GetSecretValue',
  'sqs:DeleteQueue',
  'cloudformation:CreateStack',
  'cloudtrail:StopLogging',
  'logs:DeleteLogGroup',
  'ssm:SendCommand',
] as const

/** With any of these actions, an administrator can undo a Deny. */
const iamActions = [
  'iam:AttachUserPolicy',
  'iam:AttachRolePolicy',
  'iam:PutUserPolicy',
  'iam:PutRolePolicy',
  'iam:CreatePolicyVersion',
] as const
const maxMissing = 3

const notAdmin: Admin = { verdict: 'no', on: [], by: undefined }

function probe(subject: Subject, account: string, action: string) {
  const [service = ''] = action.split(':')
  const region = service === 'iam' || service === 's3' ? '' : 'us-east-1'
  return decide(subject, { action, resource: `arn:aws:${service}:${region}:${account}:apigw-audit/anything` })
}

/**
 * Whether a principal is an administrator: practically all actions are allowed, including IAM. Guardrails that deny a few
 * actions or resources do not change that.
 */
export function adminOf(subject: Subject, account: string): Admin {
  const [first, ...others] = adminActions
  const widest = probe(subject, account, first)
  if (widest.verdict === 'denied') return notAdmin
  const controls = iamActions.map((action) => probe(subject, account, action)).filter(({ verdict }) => verdict !== 'denied')
  if (controls.length === 0) return notAdmin
  const wide = others.map((action) => probe(subject, account, action)).filter(({ verdict }) => verdict !== 'denied')
  if (others.length - wide.length > maxMissing) return notAdmin
  const certain =
    [widest, ...wide].every(({ verdict }) => verdict === 'allowed') && controls.some(({ verdict }) => verdict === 'allowed')
  const by = widest.by.at(-1)
  if (certain) return { verdict: 'yes', on: [], by }
  const on = [...new Set([widest, ...controls, ...wide].flatMap((decision) => decision.on))]
  // A conditional guardrail does not change that the principal is an administrator.
  const firm = [widest, ...wide].filter(({ verdict }) => verdict === 'allowed').length
  const isFirm =
    widest.verdict === 'allowed' &&
    controls.some(({ verdict }) => verdict === 'allowed') &&
    firm >= others.length + 1 - maxMissing
  return isFirm ? { verdict: 'yes', on: [], by } : { verdict: 'conditional', on, by }
}

const everything: Policy = readPolicy({
  name: 'a policy that allows everything',
  document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
})

/** The principal with full access in its identity policies. Its boundary and the SCPs still apply. */
export function withFullAccess<T extends Subject>(subject: T): T & { readonly context: RequestContext } {
  return { ...subject, identity: [everything] }
}
