import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { maxAddresses } from './lists.ts'
import type { SetLine, WafStatus } from './status.ts'

/** Something that lets through what it should not, or hides what happens, with what to do. */
export interface Weakness {
  readonly what: string
  readonly fix: NextStep
}

/** Above this, each request costs more (AWS WAF pricing). */
const includedCapacity = 1_500
const nearlyFull = maxAddresses * 0.9

function association({ loadBalancers, webAcl, deploy }: WafStatus): Weakness[] {
  if (loadBalancers === undefined || loadBalancers.length > 0) return []
  return [{ what: `${webAcl} stands before no load balancer: it protects nothing.`, fix: deploy }]
}

function rules({ rules: all, sets, deploy, webAcl }: WafStatus): Weakness[] {
  const allowed = sets.filter(({ list }) => list === 'allow').map(({ name }) => name)
  const found: Weakness[] = all
    .filter(({ mode }) => mode === 'count')
    .map(({ name, what, ipSets }) => ({
      what: `${name} only counts (${what}).`,
      // What matches the allowed addresses is to allow; it must never be let block.
      fix: ipSets.some((one) => allowed.includes(one)) ? deploy : apigw('waf promote', name),
    }))
  if (!all.some(({ rate }) => rate !== null))
    found.push({ what: `${webAcl} has no rate rule: one address may send all it can.`, fix: deploy })
  if (!all.some(({ what }) => what.startsWith('managed rules'))) {
    found.push({ what: `${webAcl} has no managed rules: known attacks get through.`, fix: deploy })
  }
  for (const { name } of all.filter(({ sampled }) => !sampled)) {
    found.push({ what: `${name} keeps no samples: what it matches cannot be looked at.`, fix: deploy })
  }
  return found
}

function set({ name, list, addresses, modes }: SetLine, deploy: NextStep): Weakness[] {
  if (addresses === null) return [{ what: `The IP set ${name} is not there.`, fix: deploy }]
  const found: Weakness[] = []
  const acts = list === 'block' ? 'block' : 'allow'
  if (modes.length === 0) found.push({ what: `No rule looks into ${name}: its ${addresses} addresses do nothing.`, fix: deploy })
  else if (!modes.includes(acts) && !modes.includes('count')) {
    found.push({ what: `The rule of ${name} does not ${acts}: its mode is "${modes[0]}".`, fix: deploy })
  }
  if (addresses >= nearlyFull) {
    found.push({
      what: `${name} holds ${addresses} of ${maxAddresses} addresses.`,
      fix: step`${apigw('waf list', '--sweep')}; then ranges instead of single addresses`,
    })
  }
  return found
}

function logging({ logging: found, webAcl, deploy }: WafStatus): Weakness[] {
  if (found === undefined) return []
  if (found === null) return [{ what: `${webAcl} writes no log: after an attack, nobody knows what came.`, fix: deploy }]
  // Credentials travel in this header, and AWS WAF logs every header as it came.
  if (found.redacted.includes('authorization') || found.redacted.includes('Headers')) return []
  return [{ what: 'The log holds the header Authorization, and with it the secrets of customers.', fix: deploy }]
}

/** What is weak, the worst first. */
export function weaknessesOf(status: WafStatus): Weakness[] {
  const costly =
    status.capacity <= includedCapacity
      ? []
      : [
          {
            what: `It takes ${status.capacity} capacity units; above ${includedCapacity} each request costs more.`,
            fix: step`take out managed rules that are not needed, then ${status.deploy}`,
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
