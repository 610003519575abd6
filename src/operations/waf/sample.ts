import type { SampledHTTPRequest } from '@aws-sdk/client-wafv2'
import { Problem } from '../../domain/problem.ts'
import type { WafApi } from './api.ts'
import type { Waf } from './open.ts'
import { type RuleLine, ruleLine, rulesNamed } from './rules.ts'

/** One request, as far as it may be shown: its headers hold credentials, and are left where they are. */
export interface SampledRequest {
  readonly rule: string
  /** The rule inside a group, where it was one of those. */
  readonly inner: string | null
  readonly at: number | null
  /** What AWS WAF did. */
  readonly action: string
  readonly address: string
  readonly country: string
  readonly method: string
  readonly uri: string
  readonly userAgent: string
  /** How many requests it stands for. */
  readonly weight: number
}

export interface RuleSample {
  readonly rule: string
  readonly mode: RuleLine['mode']
  /** How many requests the rule matched, estimated; null: it could not be read. */
  readonly matched: number | null
  readonly requests: readonly SampledRequest[]
  /** Why there are none, if not because nothing matched. */
  readonly why: string | null
}

/** AWS WAF keeps samples for three hours (API reference, GetSampledRequests), and gives 500 at most. */
export const maxHours = 3
export const maxSamples = 500

const hourMs = 3_600_000
const secret = /apigw_(live|test)_[0-9A-Za-z]+/g

/** A secret does not belong in an address; where one got in by a slip, it goes no further. */
function withoutSecrets(text: string): string {
  return text.replaceAll(secret, 'apigw_$1_…')
}

function shown(
  rule: string,
  { Request, RuleNameWithinRuleGroup, Timestamp, Action, Weight }: SampledHTTPRequest,
): SampledRequest {
  const agent = Request?.Headers?.find(({ Name }) => Name?.toLowerCase() === 'user-agent')?.Value
  return {
    rule,
    inner: RuleNameWithinRuleGroup?.split('#').at(-1) ?? null,
    at: Timestamp?.getTime() ?? null,
    action: Action ?? '',
    address: Request?.ClientIP ?? '',
    country: Request?.Country ?? '',
    method: Request?.Method ?? '',
    uri: withoutSecrets(Request?.URI ?? ''),
    userAgent: withoutSecrets(agent ?? ''),
    weight: Weight ?? 1,
  }
}

/**
 * What a rule matched in the last hours. What cannot be read is said, and ends nothing: it is asked for many rules.
 */
export async function sampleOf(
  api: WafApi,
  arn: string,
  rule: RuleLine,
  { hours, most, now }: { readonly hours: number; readonly most: number; readonly now: number },
): Promise<RuleSample> {
  const { name, mode, metric, sampled } = rule
  const none = (why: string): RuleSample => ({ rule: name, mode, matched: null, requests: [], why })
  if (!sampled) return none('sampling is off for this rule')
  try {
    const { requests, population } = await api.sample(arn, metric, { from: now - hours * hourMs, to: now }, most)
    const newestFirst = requests.map((one) => shown(name, one)).sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
    return { rule: name, mode, matched: population, requests: newestFirst, why: null }
  } catch (error) {
    // Without credentials or rights no other rule could be read either.
    if (!(error instanceof Problem) || error.code === 'aws-credentials' || error.code === 'aws-denied') throw error
    return none(error.message)
  }
}

/** A few rules at a time, so that AWS WAF does not ask to slow down. */
export async function samplesOf(
  { api, acl }: Waf,
  rules: readonly RuleLine[],
  how: { readonly hours: number; readonly most: number; readonly now: number },
): Promise<RuleSample[]> {
  const found: RuleSample[] = []
  for (const rule of rules) found.push(await sampleOf(api, acl.arn, rule, how))
  return found
}

/** @throws Problem `rule-unknown` */
export async function sampleRules(
  waf: Waf,
  names: readonly string[],
  how: { readonly hours: number; readonly most: number; readonly now: number },
): Promise<RuleSample[]> {
  const { acl } = await waf.api.webAcl(waf.acl)
  return samplesOf(waf, rulesNamed(acl.Rules ?? [], names, () => true).map(ruleLine), how)
}
