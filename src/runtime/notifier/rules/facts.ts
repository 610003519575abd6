/** What is known of an event beside what it says, for patterns to look at as `apigw`. */
export interface Facts {
  /** Something is opened to everybody: a policy, an access list, a snapshot, a role's trust. */
  readonly public: boolean
  /** All rights on everything are given. */
  readonly admin: boolean
  /** Somebody works on another user's credentials than their own. */
  readonly otherUser: boolean
  /** It touches what tells of it. */
  readonly own: boolean
}

/** How deep and how much of an event is looked at: a hostile one may be of any shape. */
const deepest = 12
const mostValues = 20_000

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A document inside an event: an object, JSON, or JSON as in a URL. */
function documentIn(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  try {
    return JSON.parse(text.startsWith('%7B') ? decodeURIComponent(text) : text)
  } catch {
    return undefined
  }
}

/** Every value of an event with the name it stands under, also inside documents that are text. */
function* valuesOf(root: unknown): Generator<readonly [string, unknown]> {
  const left: { name: string; value: unknown; depth: number }[] = [{ name: '', value: root, depth: 0 }]
  for (let seen = 0; left.length > 0 && seen < mostValues; seen++) {
    const { name, value, depth } = left.pop() ?? { name: '', value: undefined, depth: 0 }
    yield [name, value]
    if (depth >= deepest) continue
    const inner = typeof value === 'string' && /^\s*(?:\{|\[|%7B)/.test(value) ? documentIn(value) : value
    if (Array.isArray(inner)) for (const one of inner) left.push({ name, value: one, depth: depth + 1 })
    else if (isObject(inner))
      for (const [key, one] of Object.entries(inner)) left.push({ name: key, value: one, depth: depth + 1 })
  }
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

/** Whether a statement of a policy is for everybody, without a condition that narrows it. */
function isForAll(statement: Readonly<Record<string, unknown>>): boolean {
  if (statement.Effect !== 'Allow' || isObject(statement.Condition)) return false
  const { Principal, NotPrincipal } = statement
  if (NotPrincipal !== undefined) return true
  return [Principal, ...(isObject(Principal) ? Object.values(Principal) : [])].flatMap(listed).includes('*')
}

function isAllRights({ Effect, Action, Resource }: Readonly<Record<string, unknown>>): boolean {
  return Effect === 'Allow' && listed(Action).some((one) => one === '*' || one === '*:*') && listed(Resource).includes('*')
}

const everybody = new Set([
  'http://acs.amazonaws.com/groups/global/AllUsers',
  'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
])
const publicAcl = /^(?:public-read|public-read-write|authenticated-read)$/
const adminPolicy = /^arn:aws[\w-]*:iam::aws:policy\/(?:AdministratorAccess|IAMFullAccess|PowerUserAccess)$/

/** `principal` and `group` are how Lambda's permissions and EC2's launch and snapshot permissions name everybody. */
function opens(name: string, value: unknown): boolean {
  if (isObject(value)) return isForAll(value)
  if (typeof value !== 'string') return false
  if (name === 'group' && value === 'all') return true
  if (/^(?:principal|Principal)$/.test(name) && value === '*') return true
  if (/^valuesToAdd$/.test(name) && value === 'all') return true
  if (/acl$/i.test(name) && publicAcl.test(value)) return true
  return everybody.has(value)
}

function touches(value: unknown, prefix: string): boolean {
  if (typeof value !== 'string' || value.length > 2_048) return false
  const name = value.split(/[:/]/).find((part) => part === prefix || part.startsWith(`${prefix}-`))
  return name !== undefined
}

/** @param prefix what the names of the trail's own parts begin with */
export function factsOf(record: Readonly<Record<string, unknown>>, prefix: string): Facts {
  const parameters = record.requestParameters
  const identity = isObject(record.userIdentity) ? record.userIdentity : {}
  const found = { public: false, admin: false, own: false }
  if (isObject(parameters)) {
    for (const [name, value] of valuesOf(parameters)) {
      found.public ||= opens(name, value)
      found.admin ||= (isObject(value) && isAllRights(value)) || (typeof value === 'string' && adminPolicy.test(value))
      found.own ||= touches(value, prefix)
    }
  }
  const about = isObject(parameters) ? parameters.userName : undefined
  return { ...found, otherUser: typeof about === 'string' && about !== identity.userName }
}
