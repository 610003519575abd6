import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { maxAddresses } from './lists.ts'
import type { SetLine, WafStatus } from './status.ts'

/** A gap in protection or visibility, with its fix. */
export interface Weakness {
  readonly what: string
  readonly fix: NextStep
}

/** AWS WAF charges more per request above this capacity (AWS WAF pricing). */
const includedCapacity = 1_500
const nearlyFull = maxAddresses * 0.9

function association({ loadBalancers, webAcl, deploy }: WafStatus): Weakness[] {
  if (loadBalancers === undefined || loadBalancers.length > 0) return []
  return [{ what: `${webAcl} is not attached to a load balancer, so it protects nothing.`, fix: deploy }]
}

function rules({ rules: all, sets, deploy, webAcl }: WafStatus): Weakness[] {
  const allowed = sets.filter(({ list }) => list === 'allow').map(({ name }) => name)
  const found: Weakness[] = all
    .filter(({ mode }) => mode === 'count')
    .map(({ name, what, ipSets }) => ({
      what: `${name} is in count mode (${what}).`,
      // The rule of the allow list must never be promoted to block.
      fix: ipSets.some((one) => allowed.includes(one)) ? deploy : apigw('waf promote', name),
    }))
  if (!all.some(({ rate }) => rate !== null))
    found.push({ what: `${webAcl} has no rate-based rule, so the request rate of an address is not limited.`, fix: deploy })
  if (!all.some(({ what }) => what.startsWith('managed rules'))) {
    found.push({ what: `${webAcl} has no managed rule groups, so known attacks are not blocked.`, fix: deploy })
  }
  for (const { name } of all.filter(({ sampled }) => !sampled)) {
    found.push({ what: `${name} has request sampling turned off, so its matches cannot be inspected.`, fix: deploy })
  }
  return found
}

function set({ name, list, addresses, modes }: SetLine, deploy: NextStep): Weakness[] {
  if (addresses === null) return [{ what: `The IP set ${name} does not exist.`, fix: deploy }]
  const found: Weakness[] = []
  const acts = list === 'block' ? 'block' : 'allow'
  if (modes.length === 0)
    found.push({ what: `${name} is not used by a rule, so its ${addresses} addresses have no effect.`, fix: deploy })
  else if (!modes.includes(acts) && !modes.includes('count')) {
    found.push({ what: `The rule of ${name} does not ${acts}: its mode is "${modes[0]}".`, fix: deploy })
  }
  if (addresses >= nearlyFull) {
    found.push({
      what: `${name} contains ${addresses} of at most ${maxAddresses} addresses.`,
      fix: step`${apigw('waf list', '--sweep')}; then use ranges instead of single addresses`,
    })
  }
  return found
}

function logging({ logging: found, webAcl, deploy }: WafStatus): Weakness[] {
  if (found === undefined) return []
  if (found === null) return [{ what: `${webAcl} has logging turned off, so an attack cannot be investigated.`, fix: deploy }]
  // This header contains credentials, and AWS WAF logs headers unredacted.
  if (found.redacted.includes('authorization') || found.redacted.includes('Headers')) return []
  return [{ what: 'The log contains the Authorization header with customer secrets.', fix: deploy }]
}

/** The weaknesses of a web ACL, most severe first. */
export function weaknessesOf(status: WafStatus): Weakness[] {
  const costly =
    status.capacity <= includedCapacity
      ? []
      : [
          {
            what: `The web ACL uses ${status.capacity} capacity units. Above ${includedCapacity}, AWS charges more per request.`,
            fix: step`remove managed rules that are not needed, then ${status.deploy}`,
          },
        ]
  return [
    ...association(status),
    ...rules(status),
    ...status.sets.flatMap((one) => set(one, status.deploy)),
    ...logging(status),
    ...costly,
  ]
}
