/**
 * What is known of a request when policies are read without one. A key may have values that are known, be absent for
 * sure, be the caller's to choose, or be unknown.
 */
export type Known =
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'absent' }
  /** The caller chooses the value, and whether to send it. */
  | { readonly kind: 'chosen' }
  /** Present in every request, with a value that is not known. */
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
 * Keys that say something of any direct call by a principal of the account
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

/** What is known of a key; keys are taken in any case. */
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

/** One context over another: what the first lacks, the second tells. */
export function layered(below: Context, above: Context | undefined): Context {
  return above === undefined || above.size === 0 ? below : new Map([...below, ...above])
}
