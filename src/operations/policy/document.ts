import { Problem } from '../../domain/problem.ts'
import { isRecord } from '../../domain/record.ts'

/** An error in a policy, and its location. */
export interface PolicyFault {
  readonly kind: 'invalid' | 'duplicate-sid' | 'bad-arn'
  readonly place: string
  readonly message: string
  /** Part of the finding ID. Its text must not change, so it may differ from the message. */
  readonly key: string
}

/** The names or patterns in an element. `not` inverts the match (`NotAction`, `NotResource`). */
export interface ElementPatterns {
  readonly values: readonly string[]
  readonly not: boolean
}

/** The principals in a resource-based policy, by type (`AWS`, `Service`, `Federated`, `CanonicalUser`, or `*`). */
export interface PrincipalPatterns {
  readonly entries: readonly { readonly kind: string; readonly value: string }[]
  readonly not: boolean
}

export interface Condition {
  /** As written in the policy, such as `ForAnyValue:StringLike`. */
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly sid: string | undefined
  /** The location to report: the policy name, and the number and Sid of the statement. */
  readonly place: string
  /** In lower case, because actions are not case-sensitive. */
  readonly actions: ElementPatterns
  readonly resources: ElementPatterns
  readonly principals: PrincipalPatterns | undefined
  readonly conditions: readonly Condition[]
  /** Whether its resources contain policy variables: `${…}` is one since version 2012-10-17. */
  readonly variables: boolean
}

export interface Policy {
  readonly name: string
  /** Not set for inline policies. */
  readonly arn: string | undefined
  readonly statements: readonly Statement[]
  /** The services whose actions the statements can cover. `null`: any, as with a wildcard or `NotAction`. */
  readonly services: readonly string[] | null
  /** The `Version` element. The default is 2008-10-17, which does not support variables. */
  readonly version: string | undefined
  readonly faults: readonly PolicyFault[]
  /** The parsed document. */
  readonly document: unknown
}

type JsonObject = Readonly<Record<string, unknown>>

class InvalidPolicy extends Error {
  readonly key: string

  /** @param key the text in the finding ID, if it differs from the message */
  constructor(message: string, key = message) {
    super(message)
    this.key = key
  }
}

function stringsIn(value: unknown, what: string): string[] {
  const values = Array.isArray(value) ? value : [value]
  const texts = values.filter((one): one is string => typeof one === 'string')
  if (texts.length !== values.length || texts.length === 0)
    throw new InvalidPolicy(`${what} is not a string or a list of strings`, `${what} is not a text or a list of texts`)
  return texts
}

function patternsIn(statement: JsonObject, name: string): ElementPatterns | undefined {
  const not = `Not${name}`
  if (name in statement && not in statement) throw new InvalidPolicy(`it has both ${name} and ${not}`)
  if (name in statement) return { values: stringsIn(statement[name], name), not: false }
  return not in statement ? { values: stringsIn(statement[not], not), not: true } : undefined
}

function principalsIn(statement: JsonObject): PrincipalPatterns | undefined {
  const name = 'Principal' in statement ? 'Principal' : 'NotPrincipal'
  if (!(name in statement)) return undefined
  const value = statement[name]
  const not = name === 'NotPrincipal'
  if (value === '*') return { entries: [{ kind: '*', value: '*' }], not }
  if (!isRecord(value)) throw new InvalidPolicy(`${name} is neither "*" nor a map`)
  const entries = Object.entries(value).flatMap(([kind, of]) =>
    stringsIn(of, `${name}.${kind}`).map((one) => ({ kind, value: one })),
  )
  if (entries.length === 0) throw new InvalidPolicy(`${name} is empty`)
  return { entries, not }
}

function conditionsIn(value: unknown): Condition[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw new InvalidPolicy('Condition is not a map')
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isRecord(keys)) throw new InvalidPolicy(`Condition.${operator} is not a map`)
    return Object.entries(keys).map(([key, value]) => {
      const values = (Array.isArray(value) ? value : [value]).map((one) => {
        if (!['string', 'boolean', 'number'].includes(typeof one))
          throw new InvalidPolicy(`Condition.${operator}.${key} is not a valid value`, `Condition.${operator}.${key} is no value`)
        return String(one)
      })
      return { operator, key, values }
    })
  })
}

const actionShape = /^(?:\*|[a-z0-9*?-]+:[\w*?.:/-]+)$/i

function parseStatement(value: unknown, place: string, variables: boolean, resourceBased: boolean): Statement {
  if (!isRecord(value)) throw new InvalidPolicy('it is not a map')
  const { Effect: effect, Sid: sid } = value
  if (effect !== 'Allow' && effect !== 'Deny') throw new InvalidPolicy('Effect is neither Allow nor Deny')
  const actions = patternsIn(value, 'Action')
  if (actions === undefined) throw new InvalidPolicy('it has no Action')
  const invalidAction = actions.values.find((action) => !actionShape.test(action))
  if (invalidAction !== undefined) throw new InvalidPolicy(`"${invalidAction}" is not an action such as s3:GetObject`)
  const resources = patternsIn(value, 'Resource')
  if (resources === undefined && !resourceBased) throw new InvalidPolicy('it has no Resource')
  return {
    effect,
    sid: typeof sid === 'string' ? sid : undefined,
    place,
    actions: { ...actions, values: actions.values.map((action) => action.toLowerCase()) },
    resources: resources ?? { values: ['*'], not: false },
    principals: principalsIn(value),
    conditions: conditionsIn(value.Condition),
    variables: variables && resources?.values.some((text) => text.includes('${')) === true,
  }
}

/** Decodes a document from the API (percent-encoded per RFC 3986). The AWS CLI returns it decoded already. */
function decoded(document: unknown): unknown {
  if (typeof document !== 'string') return document
  const text = document.trimStart().startsWith('{') ? document : decodeURIComponent(document)
  return JSON.parse(text)
}

function servicesIn(statements: readonly Statement[]): readonly string[] | null {
  const services = new Set<string>()
  for (const { actions } of statements) {
    if (actions.not) return null
    for (const pattern of actions.values) {
      const service = pattern.slice(0, Math.max(pattern.indexOf(':'), 0))
      if (service === '' || /[*?]/.test(service)) return null
      services.add(service)
    }
  }
  return [...services]
}

const arnShape = /^(?:\*|arn:[\w*?${}-]+:[\w*?${}:.-]*:[^:]*:[^:]*:.+|arn:.*\*)$/s

function lintFaults(statements: readonly Statement[]): PolicyFault[] {
  const sids = new Set<string>()
  return statements.flatMap(({ sid, place, resources }) => {
    const faults: PolicyFault[] = []
    if (sid !== undefined && sid !== '' && sids.has(sid)) {
      faults.push({
        kind: 'duplicate-sid',
        place,
        message: `the Sid "${sid}" is used twice`,
        key: `the Sid "${sid}" stands there twice`,
      })
    }
    if (sid !== undefined) sids.add(sid)
    for (const value of resources.values) {
      const message = `"${value}" is not an ARN`
      if (!arnShape.test(value)) faults.push({ kind: 'bad-arn', place, message, key: message })
    }
    return faults
  })
}

export interface PolicySource {
  readonly name: string
  readonly arn?: string | undefined
  readonly document: unknown
  /** A trust policy has principals and no resource. */
  readonly resourceBased?: boolean
}

/** Parses a policy. Invalid statements are skipped and listed in `faults`. Valid ones are kept. */
export function readPolicy({ name, arn, document, resourceBased = false }: PolicySource): Policy {
  const faults: PolicyFault[] = []
  const addFault = (place: string, { message, key }: InvalidPolicy): void => {
    faults.push({ kind: 'invalid', place, message, key })
  }
  const statements: Statement[] = []
  let language: string | undefined
  let value: unknown
  try {
    value = decoded(document)
    if (!isRecord(value)) throw new InvalidPolicy('the document is not a JSON object')
    if (value.Statement === undefined) throw new InvalidPolicy('the document has no Statement')
    const { Statement: found, Version: version } = value
    if (typeof version === 'string') language = version
    for (const [at, one] of (Array.isArray(found) ? found : [found]).entries()) {
      const sid = isRecord(one) && typeof one.Sid === 'string' && one.Sid !== '' ? ` (${one.Sid})` : ''
      const place = `${name}, statement ${at + 1}${sid}`
      try {
        statements.push(parseStatement(one, place, version === '2012-10-17', resourceBased))
      } catch (error) {
        if (!(error instanceof InvalidPolicy)) throw error
        addFault(place, error)
      }
    }
  } catch (error) {
    if (!(error instanceof InvalidPolicy || error instanceof SyntaxError || error instanceof URIError)) throw error
    addFault(
      name,
      error instanceof InvalidPolicy ? error : new InvalidPolicy('the document is not valid JSON', 'the document is not JSON'),
    )
  }
  return {
    name,
    arn,
    statements,
    services: servicesIn(statements),
    version: language,
    faults: [...faults, ...lintFaults(statements)],
    document: value,
  }
}

/** Parses a policy from the command line. @throws Problem `audit-input-invalid` if any statement is invalid */
export function strictPolicy(source: PolicySource): Policy {
  const policy = readPolicy(source)
  const fault = policy.faults.find(({ kind }) => kind === 'invalid')
  if (fault === undefined) return policy
  throw new Problem('audit-input-invalid', `${fault.place}: ${fault.message}.`, { next: 'correct the policy' })
}
