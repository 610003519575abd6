/**
 * What is known about a condition key when policies are evaluated without an actual request. The values may be known,
 * the key may be absent, the caller may control it, or it may be unknown.
 */
export type Known =
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'absent' }
  /** The caller controls the value, and whether the key is sent. */
  | { readonly kind: 'chosen' }
  /** Present in every request, with an unknown value. */
  | { readonly kind: 'present' }
  | { readonly kind: 'unknown' }

export type Context = ReadonlyMap<string, Known>

export function value(...values: string[]): Known {
  return { kind: 'values', values }
}

export const absent: Known = { kind: 'absent' }
const chosen: Known = { kind: 'chosen' }
const unknown: Known = { kind: 'unknown' }
const present: Known = { kind: 'present' }

/**
 * Keys that are known for every direct call by a principal in the account
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
 */
const everyCall: Readonly<Record<string, Known>> = {
  'aws:securetransport': value('true'),
  'aws:viaawsservice': value('false'),
  'aws:principalisawsservice': value('false'),
  'aws:calledvia': absent,
  'aws:calledviafirst': absent,
  'aws:calledvialast': absent,
  'aws:sourcearn': absent,
  'aws:sourceaccount': absent,
  'aws:sourceorgid': absent,
  'aws:requestedregion': chosen,
  'aws:useragent': chosen,
  'aws:referer': chosen,
  'aws:tagkeys': chosen,
  'sts:rolesessionname': chosen,
  'sts:sourceidentity': chosen,
  'sts:transitivetagkeys': chosen,
  'aws:sourceip': present,
  'aws:userid': present,
}

/** What is known about a key. Keys are not case-sensitive. */
export function lookUp(context: Context, key: string): Known {
  const name = key.toLowerCase()
  const found = context.get(name)
  if (found !== undefined) return found
  if (name.startsWith('aws:principaltag/')) return context.has('aws:principaltag/') ? absent : unknown
  if (name.startsWith('aws:resourcetag/') || name.startsWith('iam:resourcetag/')) {
    return context.has('aws:resourcetag/') ? absent : unknown
  }
  if (name.startsWith('aws:requesttag/')) return chosen
  return everyCall[name] ?? unknown
}

/** Merges two contexts. Values in `above` replace those in `below`. */
export function layered(below: Context, above: Context | undefined): Context {
  return above === undefined || above.size === 0 ? below : new Map([...below, ...above])
}
