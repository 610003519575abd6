import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Cidr, cidrText, covers, type Family, overlap, readCidr } from './cidr.ts'

/** What must not be cut off. */
export interface Surroundings {
  /** The caller's own addresses, as far as they are known. */
  readonly mine: readonly Cidr[]
  readonly allowed: readonly Cidr[]
  /** Whether wide ranges were asked for in so many words. */
  readonly wide: boolean
}

/** From here on a range is some provider's, not somebody's. */
const wideFrom = { 4: 16, 6: 32 } as const satisfies Record<Family, number>

/** Addresses that are never seen from outside, and are what a load balancer and its neighbours have inside. */
const inside: readonly { readonly range: string; readonly what: string }[] = [
  { range: '0.0.0.0/8', what: 'this network (RFC 791)' },
  { range: '10.0.0.0/8', what: 'private (RFC 1918)' },
  { range: '100.64.0.0/10', what: 'shared (RFC 6598)' },
  { range: '127.0.0.0/8', what: 'this machine (RFC 1122)' },
  { range: '169.254.0.0/16', what: 'link-local (RFC 3927)' },
  { range: '172.16.0.0/12', what: 'private (RFC 1918)' },
  { range: '192.168.0.0/16', what: 'private (RFC 1918)' },
  { range: '224.0.0.0/3', what: 'multicast or reserved (RFC 5771, RFC 1112)' },
  { range: '::/127', what: 'this machine (RFC 4291)' },
  { range: 'fc00::/7', what: 'private (RFC 4193)' },
  { range: 'fe80::/10', what: 'link-local (RFC 4291)' },
  { range: 'ff00::/8', what: 'multicast (RFC 4291)' },
]

const insideRanges = inside.flatMap(({ range, what }) => {
  const cidr = readCidr(range)
  return cidr === undefined ? [] : [{ cidr, what }]
})

function refuseInside(cidr: Cidr): void {
  const hit = insideRanges.find((one) => overlap(one.cidr, cidr))
  if (hit === undefined) return
  throw new Problem(
    'lockout-refused',
    `${cidrText(cidr)} reaches into ${cidrText(hit.cidr)}, which is ${hit.what}: the load balancer lives there, and no caller comes from there.`,
    { next: step`${apigw('waf sample')}, and block the address that it shows` },
  )
}

/**
 * Refuses a block that would lock out somebody who must get in.
 * @returns what is worth saying although it is not refused
 * @throws Problem `lockout-refused`
 */
export function guardBlock(cidr: Cidr, { mine, allowed, wide }: Surroundings): string[] {
  const text = cidrText(cidr)
  refuseInside(cidr)
  const own = mine.find((one) => covers(cidr, one))
  if (own !== undefined) {
    throw new Problem('lockout-refused', `${text} holds your own address, ${cidrText(own)}.`, {
      next: 'block less; if that address is not yours, say which is: --my-address ADDRESS',
    })
  }
  const exempt = allowed.find((one) => covers(one, cidr))
  if (exempt !== undefined) {
    throw new Problem('lockout-refused', `${text} is in the allow list, as ${cidrText(exempt)}.`, {
      next: apigw('waf unblock', cidrText(exempt)),
    })
  }
  if (cidr.prefix < wideFrom[cidr.family] && !wide) {
    throw new Problem('lockout-refused', `${text} is wider than /${wideFrom[cidr.family]}: that is a provider, not a caller.`, {
      next: 'narrow it, or add --wide',
    })
  }
  return allowed
    .filter((one) => covers(cidr, one))
    .map((one) => `${cidrText(one)} is allowed and stays so, although ${text} holds it.`)
}

/** A key that works only from some addresses. */
export interface RestrictedKey {
  readonly customer: string
  readonly keyId: string
  readonly from: readonly string[]
}

/** Which customers' keys would be shut out, in part or wholly, because they work only from what is blocked. */
export function keysShutOut(cidrs: readonly Cidr[], keys: readonly RestrictedKey[]): string[] {
  return keys.flatMap(({ customer, keyId, from }) => {
    const hit = from.find((text) => {
      const range = readCidr(text)
      return range !== undefined && cidrs.some((cidr) => overlap(cidr, range))
    })
    return hit === undefined ? [] : [`The key ${keyId} of ${customer} works from ${hit}, which is cut off by this.`]
  })
}
