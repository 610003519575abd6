import type { SampledHTTPRequest } from '@aws-sdk/client-wafv2'
import { Problem } from '../../domain/problem.ts'
import type { WafApi } from './api.ts'
import type { Waf } from './open.ts'
import { type RuleLine, ruleLine, rulesNamed } from './rules.ts'

/** A sampled request without its headers, which contain credentials. */
export interface SampledRequest {
  readonly rule: string
  /** The rule inside the rule group, if any. */
  readonly inner: string | null
  readonly at: number | null
  /** The action of AWS WAF. */
  readonly action: string
  readonly address: string
  readonly country: string
  readonly method: string
  readonly uri: string
  readonly userAgent: string
  /** How many requests it represents. */
  readonly weight: number
}

export interface RuleSample {
  readonly rule: string
  readonly mode: RuleLine['mode']
  /** The estimated number of requests that the rule matched; null: not readable. */
  readonly matched: number | null
  readonly requests: readonly SampledRequest[]
  /** Why the samples are missing; null if they were read. */
  readonly why: string | null
}

/** AWS WAF keeps samples for three hours (API reference, GetSampledRequests), and returns at most 500. */
export const maxHours = 3
export const maxSamples = 500

const hourMs = 3_600_000
const secret = /apigw_(live|test)_[0-9A-Za-z]+/g

/** Masks API keys, which a client may have put in a URL by mistake. */
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
 * The requests that a rule matched in the last hours. A read error is returned in `why`, so that other rules are still read.
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
    // Without credentials or permissions, the other rules would fail too.
    if (!(error instanceof Problem) || error.code === 'aws-credentials' || error.code === 'aws-denied') throw error
    return none(error.message)
  }
}

/** Reads one rule at a time, to avoid throttling by AWS WAF. */
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
