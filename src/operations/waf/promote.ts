import type { Rule } from '@aws-sdk/client-wafv2'
import { Problem } from '../../domain/problem.ts'
import type { Waf } from './open.ts'
import { retryUntilSaved } from './retry.ts'
import { hasCustomResponse, inMode, modeOf, ownIpSetsOf, ruleLine, rulesNamed, type SwitchableMode } from './rules.ts'
import { type RuleSample, samplesOf } from './sample.ts'

/** The preview of a promotion. */
export interface Promotion {
  readonly to: SwitchableMode
  /** Names of the rules that change. */
  readonly rules: readonly string[]
  /** Named rules that are already in that mode. */
  readonly already: readonly string[]
  /** The recent matches of each rule. */
  readonly samples: readonly RuleSample[]
  readonly remarks: readonly string[]
}

const previewHours = 3
const previewMost = 100

/** Whether a rule matches the allow list; such a rule must not block. */
function isAllowRule({ sets }: Waf, rule: Rule): boolean {
  const allowed = sets.filter(({ list }) => list === 'allow').map(({ ref }) => ref?.arn)
  return ownIpSetsOf(rule.Statement).some((arn) => allowed.includes(arn))
}

function refuseAllowRule(waf: Waf, chosen: readonly Rule[]): void {
  const rule = chosen.find((one) => isAllowRule(waf, one))
  if (rule === undefined) return
  throw new Problem('lockout-refused', `The rule ${rule.Name} matches the allow list, so it would block allowed addresses.`, {
    next: waf.deploy,
  })
}

/**
 * Previews a change of mode.
 * @param names the rules to change; empty: all in count mode
 * @throws Problem `rule-unknown`, `lockout-refused`
 */
export async function planPromotion(waf: Waf, names: readonly string[], to: SwitchableMode, now: number): Promise<Promotion> {
  const { acl } = await waf.api.webAcl(waf.acl)
  const chosen = rulesNamed(
    acl.Rules ?? [],
    names,
    (rule) => to === 'block' && modeOf(rule) === 'count' && !isAllowRule(waf, rule),
  )
  if (to === 'block') refuseAllowRule(waf, chosen)
  const changing = chosen.filter((rule) => inMode(rule, to) !== rule)
  const samples = await samplesOf(waf, changing.map(ruleLine), { hours: previewHours, most: previewMost, now })
  const nameOf = ({ Name = '' }: Rule) => Name
  return {
    to,
    rules: changing.map(nameOf),
    already: chosen.filter((rule) => !changing.includes(rule)).map(nameOf),
    samples,
    remarks: changing
      .filter(hasCustomResponse)
      .map((rule) => `${rule.Name} has a custom response, which is removed until the next deployment of the web ACL.`),
  }
}

/** Changes the mode of the rules and nothing else of the web ACL. Keeps concurrent changes. */
export async function applyPromotion({ api, acl: ref }: Waf, { rules, to }: Pick<Promotion, 'rules' | 'to'>): Promise<void> {
  await retryUntilSaved(ref.name, async () => {
    const { acl, token } = await api.webAcl(ref)
    const named = rulesNamed(acl.Rules ?? [], rules, () => false)
    const Rules = acl.Rules?.map((rule) => (named.includes(rule) ? inMode(rule, to) : rule))
    return (await api.saveWebAcl(ref, { ...acl, Rules }, token)) ? true : undefined
  })
}
