import type { Context } from '../policy/context.ts'
import { type Policy, readPolicy } from '../policy/document.ts'
import { decide, type Subject } from '../policy/evaluate.ts'

/** Who may do everything: `conditional` when only under conditions that are not known to hold. */
export interface Admin {
  readonly verdict: 'yes' | 'conditional' | 'no'
  readonly on: readonly string[]
  readonly by: string | undefined
}

/**
 * What an administrator may do on a resource that no policy names. The first is an action that does not exist: only a
 * wildcard or a NotAction allows it.
 */
const breadth = [
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

/** With any of these on anybody, an administrator can undo what a Deny takes from him. */
const control = [
  'iam:AttachUserPolicy',
  'iam:AttachRolePolicy',
  'iam:PutUserPolicy',
  'iam:PutRolePolicy',
  'iam:CreatePolicyVersion',
] as const
const maxMissing = 3

const no: Admin = { verdict: 'no', on: [], by: undefined }

function probe(subject: Subject, account: string, action: string) {
  const [service = ''] = action.split(':')
  const region = service === 'iam' || service === 's3' ? '' : 'us-east-1'
  return decide(subject, { action, resource: `arn:aws:${service}:${region}:${account}:apigw-audit/anything` })
}

/**
 * Whether somebody is an administrator: allowed practically everything, IAM included. A Deny of a few actions or of
 * some resources, as guard rails have it, does not change that.
 */
export function adminOf(subject: Subject, account: string): Admin {
  const [first, ...others] = breadth
  const widest = probe(subject, account, first)
  if (widest.verdict === 'denied') return no
  const controls = control.map((action) => probe(subject, account, action)).filter(({ verdict }) => verdict !== 'denied')
  if (controls.length === 0) return no
  const wide = others.map((action) => probe(subject, account, action)).filter(({ verdict }) => verdict !== 'denied')
  if (others.length - wide.length > maxMissing) return no
  const certain =
    [widest, ...wide].every(({ verdict }) => verdict === 'allowed') && controls.some(({ verdict }) => verdict === 'allowed')
  const by = widest.by.at(-1)
  if (certain) return { verdict: 'yes', on: [], by }
  const on = [...new Set([widest, ...controls, ...wide].flatMap((decision) => decision.on))]
  // Guard rails that depend on something leave an administrator an administrator.
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

/** Somebody whose policies were rewritten: his boundary and the organization still hold him. */
export function rewritten<T extends Subject>(subject: T): T & { readonly context: Context } {
  return { ...subject, identity: [everything] }
}
