import { type OwnedSubject, sharedProvider } from '../../../../domain/identity-providers.ts'
import { absent, type KeyState, overlap, overlapArn, type Policy, type RequestContext, value } from '../../../policy/index.ts'

/**
 * What strangers can present to a trust policy. A policy is not evaluated for one invented caller, because a weak pattern would
 * simply not match that one: its own patterns say which strangers to try.
 */

/** A character that no policy contains, so only a wildcard of a pattern matches it: there the stranger's own name can stand. */
const mark = '\u{E002}'

/** Where a separator can be in a pattern: at its first literal one, or inside a wildcard before that. */
function splits(pattern: string, separator: string, from: number): (readonly [left: string, right: string])[] {
  const literal = pattern.indexOf(separator, from)
  const end = literal < 0 ? pattern.length : literal
  const stars = [...pattern.slice(0, end)].flatMap((character, at) => (character === '*' ? [at] : []))
  return [
    ...(literal < 0 ? [] : [[pattern.slice(0, literal), pattern.slice(literal + separator.length)] as const]),
    ...stars.map((at) => [pattern.slice(0, at + 1), pattern.slice(at)] as const),
  ]
}

/** A subject with an owner of the stranger's choice that a pattern matches. */
function ownedWitness(pattern: string, { prefix, separator, rest }: OwnedSubject): string | undefined {
  // The prefix may have the separator in it, as `system:serviceaccount:` does.
  const from = pattern.startsWith(prefix) ? prefix.length : 0
  for (const [left, right] of splits(pattern, separator, from)) {
    const owner = overlap(left, `${prefix}*${mark}*`)
    const after = overlap(right, rest)
    if (owner !== undefined && after !== undefined) return `${owner.replaceAll(mark, 'x')}${separator}${after}`
  }
  return undefined
}

function unownedWitness(pattern: string, claim: string, owned: readonly OwnedSubject[]): string | undefined {
  // A claim of the owner somewhere in the pattern is one that the stranger does not have.
  return owned.some(({ prefix }) => pattern.includes(prefix)) ? undefined : overlap(pattern, `${claim}:*`)
}

/** Subjects of strangers at an issuer that a pattern of a policy matches. None: it names an owner, or the issuer is not shared. */
export function strangeSubjects(issuer: string, pattern: string): string[] {
  const { owned = [], unowned = [] } = sharedProvider(issuer) ?? {}
  return [
    ...owned.flatMap((subject) => ownedWitness(pattern, subject) ?? []),
    ...unowned.flatMap((claim) => unownedWitness(pattern, claim, owned) ?? []),
  ]
}

/** The values that the conditions of a trust policy compare a key with. Keys are not case-sensitive. */
export function valuesOf(trust: Policy, key: string): string[] {
  return trust.statements.flatMap(({ conditions }) =>
    conditions.filter((condition) => condition.key.toLowerCase() === key.toLowerCase()).flatMap(({ values }) => values),
  )
}

/** An owner of the stranger's choice that a pattern matches, with what follows the sign at which the owner ends. */
function ownerWitness(pattern: string, end: string): string | undefined {
  return end === ''
    ? overlap(pattern, `*${mark}*`)?.replaceAll(mark, 'x')
    : ownedWitness(pattern, { prefix: '', separator: end, rest: '*' })
}

/** The claims that should name an owner, with values of strangers that the patterns of a policy match. */
export function strangeClaims(issuer: string, trust: Policy): [string, KeyState][] {
  return Object.entries(sharedProvider(issuer)?.owners ?? {}).flatMap(([claim, end]): [string, KeyState][] => {
    const witnesses = valuesOf(trust, `${issuer}:${claim}`).flatMap((pattern) => ownerWitness(pattern, end) ?? [])
    return witnesses.length === 0 ? [] : [[`${issuer}:${claim}`.toLowerCase(), value(witnesses[0] ?? '')]]
  })
}

const stranger = '999999999999'

/** An ARN of the stranger's account that a pattern matches. */
function strangeArn(pattern: string, partition: string): string[] {
  return ['user', 'role'].flatMap((type) => overlapArn(pattern, `arn:${partition}:iam::${stranger}:${type}/*`) ?? [])
}

/** The tags of principals that a trust policy asks for: the owner of an account sets them. */
function chosenTags(trust: Policy): [string, KeyState][] {
  const keys = trust.statements.flatMap(({ conditions }) => conditions.map(({ key }) => key.toLowerCase()))
  return keys.filter((key) => key.startsWith('aws:principaltag/')).map((key) => [key, { kind: 'chosen' }])
}

export interface StrangeCaller {
  readonly arn: string
  readonly account: string
  readonly context: RequestContext
}

/**
 * Callers in an AWS account that has nothing to do with this one, within an organization of their own and without one: the keys of
 * organizations are absent outside
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid). They choose
 * an ExternalId, tags, and the names of their roles and sessions.
 */
export function strangeCallers(trust: Policy, partition: string): StrangeCaller[] {
  const arns = [
    `arn:${partition}:iam::${stranger}:user/stranger`,
    ...valuesOf(trust, 'aws:PrincipalArn').flatMap((pattern) => strangeArn(pattern, partition)),
  ]
  const ids = [
    'AIDASTRANGERXXXXXXXXX',
    ...valuesOf(trust, 'aws:userid').flatMap((pattern) => overlap(pattern, `AROASTRANGER${mark}*:*`) ?? []),
  ]
  const organizations: [string, KeyState][][] = [
    [
      ['aws:principalorgid', value('o-stranger')],
      ['aws:principalorgpaths', value('o-stranger/r-stranger/')],
    ],
    [
      ['aws:principalorgid', absent],
      ['aws:principalorgpaths', absent],
    ],
  ]
  return arns.flatMap((arn) =>
    ids.flatMap((id) =>
      organizations.map((organization) => ({
        arn,
        account: stranger,
        context: new Map<string, KeyState>([
          ['aws:principalaccount', value(stranger)],
          ['aws:principalarn', value(arn)],
          ['aws:principaltype', value(arn.includes(':role/') ? 'AssumedRole' : 'User')],
          ['aws:userid', value(id.replaceAll(mark, 'X'))],
          ['aws:multifactorauthpresent', { kind: 'chosen' }],
          ['sts:externalid', { kind: 'chosen' }],
          ...chosenTags(trust),
          ...organization,
        ]),
      })),
    ),
  )
}
