import { isRecord } from '../../../domain/record.ts'
import { at, type Json, member, textAt } from './json.ts'
import { trustsEveryProject } from './trust.ts'

/** Statement by statement, what facts look at in a policy: only those that allow. */
type Statement = Json

/** As long as a list would be of one value or of many: IAM takes both. */
function listed(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

function texts(value: unknown): string[] {
  return listed(value).filter((one): one is string => typeof one === 'string')
}

/**
 * Most values that one event is searched for policies: far more than the largest request has, and what a hostile one
 * can cost.
 */
const maxValues = 20_000

/** Each member and element below a value, at any depth, with the name of the member that it stands at. */
export function* below(value: unknown): Generator<readonly [key: string, value: unknown]> {
  const waiting: [string, unknown][] = [['', value]]
  for (let seen = 0; seen < maxValues; seen++) {
    const next = waiting.pop()
    if (next === undefined) return
    yield next
    const [key, inner] = next
    if (Array.isArray(inner)) for (const element of inner) waiting.push([key, element])
    else if (isRecord(inner)) for (const entry of Object.entries(inner)) waiting.push(entry)
  }
}

function parsed(text: string): unknown {
  // As the API takes it, or percent-encoded, as IAM writes it into CloudTrail and into its answers.
  if (!text.includes('Statement') || !/^\s*(?:\{|%7B)/i.test(text)) return undefined
  try {
    return JSON.parse(text.trimStart().startsWith('{') ? text : decodeURIComponent(text))
  } catch {
    return undefined
  }
}

/**
 * The statements that allow something, of every policy in the parameters of a request: CloudTrail writes some as text,
 * some percent-encoded, and those of buckets as JSON. What cannot be read is left out.
 */
export function allowedIn(parameters: unknown): Statement[] {
  const documents: unknown[] = []
  for (const [, value] of below(parameters)) {
    if (typeof value === 'string') documents.push(parsed(value))
    else if (isRecord(value) && Object.hasOwn(value, 'Statement')) documents.push(value)
  }
  return documents
    .flatMap((document) => listed(member(document, 'Statement')))
    .filter(isRecord)
    .filter((statement) => member(statement, 'Effect') === 'Allow')
}

/**
 * Keys that say who or from where, so that a condition on one ends "everybody"
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, "The meaning of
 * public"). `sts:ExternalId` is none: AWS does not treat it as a secret.
 */
const narrowing = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'kms:calleraccount',
])

const positive = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/

/**
 * Whether a value still means everybody: only wildcards, an ARN of any resource, one of any account, which its owner may name as
 * is wanted, an id of a user that begins with a wildcard, or all addresses.
 */
function isOpen(key: string, value: string): boolean {
  if (key === 'aws:userid' && /^[*?]/.test(value)) return true
  return (
    /^(?:[*?:]*|arn:(?:[^:]*:){3}[*?]*:[*?]+|arn:(?:[^:]*:){3}[*?]+:.*)$/.test(value) || /^(?:0\.0\.0\.0|::)\/[01]$/.test(value)
  )
}

function isNarrowed(statement: Statement): boolean {
  const conditions = member(statement, 'Condition')
  if (!isRecord(conditions)) return false
  return Object.entries(conditions).some(
    ([operator, keys]) =>
      positive.test(operator) &&
      isRecord(keys) &&
      Object.entries(keys).some(([key, wanted]) => {
        const values = texts(wanted)
        const name = key.toLowerCase()
        return narrowing.has(name) && values.length > 0 && !values.some((value) => isOpen(name, value))
      }),
  )
}

function principals(statement: Statement): string[] {
  const principal = member(statement, 'Principal')
  return typeof principal === 'string' ? [principal] : texts(at(principal, 'AWS'))
}

/** Whether a statement of a resource or a trust policy lets in everybody on AWS or on the Internet. */
export function isForEverybody(statement: Statement): boolean {
  const named = member(statement, 'NotPrincipal') === undefined ? principals(statement) : ['*']
  if (named.includes('*') && !isNarrowed(statement)) return true
  return trustsEveryProject(statement)
}

/** The accounts that a statement names, as 12 digits. */
export function accountsOf(statement: Statement): string[] {
  return principals(statement).flatMap((principal) => accountIn(principal) ?? [])
}

/** The account of `123456789012` or of an ARN. */
export function accountIn(principal: string): string | undefined {
  return /^(?:arn:[\w-]+:(?:iam|sts)::)?(\d{12})(?::|$)/.exec(principal)?.[1]
}

/** Whether a statement of an identity policy gives all rights, or that of giving oneself all rights. */
export function isAdministrator(statement: Statement): boolean {
  if (member(statement, 'Principal') !== undefined || member(statement, 'Condition') !== undefined) return false
  if (!texts(member(statement, 'Resource')).includes('*')) return false
  const except = member(statement, 'NotAction')
  if (except !== undefined) return !texts(except).some((action) => /^(?:iam:|\*)/i.test(action))
  return texts(member(statement, 'Action')).some((action) => /^(?:\*|\*:\*|iam:\*)$/i.test(action))
}

/** Managed policies of AWS with which one has, or can give oneself, all rights. */
const administratorPolicies = /^arn:[\w-]+:iam::aws:policy\/(?:AdministratorAccess|IAMFullAccess)$/

export function attachesAdministrator(parameters: unknown): boolean {
  return ['policyArn', 'managedPolicyArn'].some((name) => administratorPolicies.test(textAt(parameters, name) ?? ''))
}
