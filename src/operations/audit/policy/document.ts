import { Problem } from '../../../domain/problem.ts'
import { isRecord } from '../../../domain/record.ts'

/** What is wrong with a policy, and where. */
export interface PolicyFault {
  readonly kind: 'invalid' | 'duplicate-sid' | 'bad-arn'
  readonly place: string
  readonly message: string
}

/** Names or patterns of one element, and whether all others are meant (`NotAction`, `NotResource`, `NotPrincipal`). */
export interface Choice {
  readonly values: readonly string[]
  readonly not: boolean
}

/** The principals of a resource-based policy, by kind (`AWS`, `Service`, `Federated`, `CanonicalUser`, or `*`). */
export interface PrincipalChoice {
  readonly entries: readonly { readonly kind: string; readonly value: string }[]
  readonly not: boolean
}

export interface Condition {
  /** As it was written, such as `ForAnyValue:StringLike`. */
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly sid: string | undefined
  /** Where it stands, for people: the policy's name and the statement's number or Sid. */
  readonly place: string
  /** In lower case: IAM takes actions in any case. */
  readonly actions: Choice
  readonly resources: Choice
  readonly principals: PrincipalChoice | undefined
  readonly conditions: readonly Condition[]
  /** Whether `${…}` is a variable: since version 2012-10-17. */
  readonly variables: boolean
}

export interface Policy {
  readonly name: string
  /** Absent for inline policies. */
  readonly arn: string | undefined
  readonly statements: readonly Statement[]
  /** Of the policy language; absent counts as 2008-10-17, which knows no variables. */
  readonly version: string | undefined
  readonly faults: readonly PolicyFault[]
  /** The document as it was read. */
  readonly document: unknown
}

type Json = Readonly<Record<string, unknown>>

class Invalid extends Error {}

function list(value: unknown, what: string): string[] {
  const values = Array.isArray(value) ? value : [value]
  const texts = values.filter((one): one is string => typeof one === 'string')
  if (texts.length !== values.length || texts.length === 0) throw new Invalid(`${what} is not a text or a list of texts`)
  return texts
}

function choice(statement: Json, name: string): Choice | undefined {
  const not = `Not${name}`
  if (name in statement && not in statement) throw new Invalid(`it has both ${name} and ${not}`)
  if (name in statement) return { values: list(statement[name], name), not: false }
  return not in statement ? { values: list(statement[not], not), not: true } : undefined
}

function principals(statement: Json): PrincipalChoice | undefined {
  const name = 'Principal' in statement ? 'Principal' : 'NotPrincipal'
  if (!(name in statement)) return undefined
  const value = statement[name]
  const not = name === 'NotPrincipal'
  if (value === '*') return { entries: [{ kind: '*', value: '*' }], not }
  if (!isRecord(value)) throw new Invalid(`${name} is neither "*" nor a map`)
  const entries = Object.entries(value).flatMap(([kind, of]) => list(of, `${name}.${kind}`).map((one) => ({ kind, value: one })))
  if (entries.length === 0) throw new Invalid(`${name} is empty`)
  return { entries, not }
}

function conditions(value: unknown): Condition[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw new Invalid('Condition is not a map')
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isRecord(keys)) throw new Invalid(`Condition.${operator} is not a map`)
    return Object.entries(keys).map(([key, wanted]) => {
      const values = (Array.isArray(wanted) ? wanted : [wanted]).map((one) => {
        if (!['string', 'boolean', 'number'].includes(typeof one)) throw new Invalid(`Condition.${operator}.${key} is no value`)
        return String(one)
      })
      return { operator, key, values }
    })
  })
}

const actionShape = /^(?:\*|[a-z0-9*?-]+:[\w*?.:/-]+)$/i

function statementFrom(value: unknown, place: string, variables: boolean, resourceBased: boolean): Statement {
  if (!isRecord(value)) throw new Invalid('it is not a map')
  const { Effect: effect, Sid: sid } = value
  if (effect !== 'Allow' && effect !== 'Deny') throw new Invalid('Effect is neither Allow nor Deny')
  const actions = choice(value, 'Action')
  if (actions === undefined) throw new Invalid('it has no Action')
  const strange = actions.values.find((action) => !actionShape.test(action))
  if (strange !== undefined) throw new Invalid(`"${strange}" is not an action such as s3:GetObject`)
  const resources = choice(value, 'Resource')
  if (resources === undefined && !resourceBased) throw new Invalid('it has no Resource')
  return {
    effect,
    sid: typeof sid === 'string' ? sid : undefined,
    place,
    actions: { ...actions, values: actions.values.map((action) => action.toLowerCase()) },
    resources: resources ?? { values: ['*'], not: false },
    principals: principals(value),
    conditions: conditions(value.Condition),
    variables,
  }
}

/** A document as the API gives it (text, percent-encoded: RFC 3986) or as the AWS CLI does (decoded). */
function decoded(document: unknown): unknown {
  if (typeof document !== 'string') return document
  const text = document.trimStart().startsWith('{') ? document : decodeURIComponent(document)
  return JSON.parse(text)
}

const arnShape = /^(?:\*|arn:[\w*?${}-]+:[\w*?${}:.-]*:[^:]*:[^:]*:.+|arn:.*\*)$/s

function lintFaults(statements: readonly Statement[]): PolicyFault[] {
  const sids = new Set<string>()
  return statements.flatMap(({ sid, place, resources }) => {
    const faults: PolicyFault[] = []
    if (sid !== undefined && sids.has(sid)) {
      faults.push({ kind: 'duplicate-sid', place, message: `the Sid "${sid}" stands there twice` })
    }
    if (sid !== undefined) sids.add(sid)
    for (const value of resources.values) {
      if (!arnShape.test(value)) faults.push({ kind: 'bad-arn', place, message: `"${value}" is not an ARN` })
    }
    return faults
  })
}

export interface PolicySource {
  readonly name: string
  readonly arn?: string | undefined
  readonly document: unknown
  /** A trust policy names principals and no resource. */
  readonly resourceBased?: boolean
}

/** Reads a policy. What cannot be read is left out and named in `faults`: the rest still counts. */
export function readPolicy({ name, arn, document, resourceBased = false }: PolicySource): Policy {
  const faults: PolicyFault[] = []
  const invalid = (place: string, message: string): void => {
    faults.push({ kind: 'invalid', place, message })
  }
  const statements: Statement[] = []
  let language: string | undefined
  let value: unknown
  try {
    value = decoded(document)
    if (!isRecord(value)) throw new Invalid('the document is not a JSON object')
    if (value.Statement === undefined) throw new Invalid('the document has no Statement')
    const { Statement: found, Version: version } = value
    if (typeof version === 'string') language = version
    for (const [at, one] of (Array.isArray(found) ? found : [found]).entries()) {
      const sid = isRecord(one) && typeof one.Sid === 'string' && one.Sid !== '' ? ` (${one.Sid})` : ''
      const place = `${name}, statement ${at + 1}${sid}`
      try {
        statements.push(statementFrom(one, place, version === '2012-10-17', resourceBased))
      } catch (error) {
        if (!(error instanceof Invalid)) throw error
        invalid(place, error.message)
      }
    }
  } catch (error) {
    if (!(error instanceof Invalid || error instanceof SyntaxError || error instanceof URIError)) throw error
    invalid(name, error instanceof Invalid ? error.message : 'the document is not JSON')
  }
  return { name, arn, statements, version: language, faults: [...faults, ...lintFaults(statements)], document: value }
}

/** Reads a policy that somebody gave by hand. @throws Problem `audit-input-invalid` where anything is wrong with it */
export function strictPolicy(source: PolicySource): Policy {
  const policy = readPolicy(source)
  const fault = policy.faults.find(({ kind }) => kind === 'invalid')
  if (fault === undefined) return policy
  throw new Problem('audit-input-invalid', `${fault.place}: ${fault.message}.`, { next: 'correct that policy' })
}
