/**
 * What is known about a condition key when policies are evaluated without an actual request. The values may be known,
 * the key may be absent, the caller may control it, or it may be unknown.
 */
export type KeyState =
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'absent' }
  /** The caller controls the value, and whether the key is sent. */
  | { readonly kind: 'chosen' }
  /** Present in every request, with an unknown value. */
  | { readonly kind: 'present' }
  | { readonly kind: 'unknown' }

export type RequestContext = ReadonlyMap<string, KeyState>

export function value(...values: string[]): KeyState {
  return { kind: 'values', values }
}

export const absent: KeyState = { kind: 'absent' }
const chosen: KeyState = { kind: 'chosen' }
const unknown: KeyState = { kind: 'unknown' }
const present: KeyState = { kind: 'present' }

/**
 * Keys that are known for every direct call by a principal in the account
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
 */
const everyCall: Readonly<Record<string, KeyState>> = {
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
export function lookUp(context: RequestContext, key: string): KeyState {
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

/**
 * Services with one endpoint for all Regions, and the Region that their requests carry, whatever the caller wishes
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion,
 * https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints).
 */
const globalServices: Readonly<Record<string, string>> = {
  account: 'us-east-1',
  artifact: 'us-east-1',
  budgets: 'us-east-1',
  cloudfront: 'us-east-1',
  globalaccelerator: 'us-west-2',
  iam: 'us-east-1',
  networkmanager: 'us-west-2',
  organizations: 'us-east-1',
  route53: 'us-east-1',
  route53domains: 'us-east-1',
  shield: 'us-east-1',
  support: 'us-east-1',
  waf: 'us-east-1',
}

/** The context of a request for an action: a global service has a fixed Region. */
export function withRegion(context: RequestContext, action: string): RequestContext {
  const region = globalServices[action.slice(0, action.indexOf(':'))]
  return region === undefined || context.has('aws:requestedregion')
    ? context
    : new Map([...context, ['aws:requestedregion', value(region)]])
}

/** Merges two contexts. Values in `above` replace those in `below`. */
export function mergeContexts(below: RequestContext, above: RequestContext | undefined): RequestContext {
  return above === undefined || above.size === 0 ? below : new Map([...below, ...above])
}
