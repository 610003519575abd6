import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Cidr, cidrText, covers, type Family, overlap, readCidr } from './cidr.ts'

/** The addresses that must stay reachable. */
export interface BlockContext {
  /** The operator's own addresses, if known. */
  readonly mine: readonly Cidr[]
  readonly allowed: readonly Cidr[]
  /** Whether wide ranges are allowed (`--wide`). */
  readonly wide: boolean
}

/** A range wider than this belongs to a provider and not to one caller. */
const wideFrom = { 4: 16, 6: 32 } as const satisfies Record<Family, number>

/** Internal addresses, which load balancers use and internet callers never have. */
const inside: readonly { readonly range: string; readonly what: string }[] = [
  { range: '0.0.0.0/8', what: 'this network (RFC 791)' },
  { range: '10.0.0.0/8', what: 'private (RFC 1918)' },
  { range: '100.64.0.0/10', what: 'shared (RFC 6598)' },
  { range: '127.0.0.0/8', what: 'loopback (RFC 1122)' },
  { range: '169.254.0.0/16', what: 'link-local (RFC 3927)' },
  { range: '172.16.0.0/12', what: 'private (RFC 1918)' },
  { range: '192.168.0.0/16', what: 'private (RFC 1918)' },
  { range: '224.0.0.0/3', what: 'multicast or reserved (RFC 5771, RFC 1112)' },
  { range: '::/127', what: 'loopback (RFC 4291)' },
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
    `${cidrText(cidr)} overlaps ${cidrText(hit.cidr)}, which is ${hit.what}. The load balancer uses such addresses, and API callers never do.`,
    { next: step`${apigw('waf sample')}, and block an address that it shows` },
  )
}

/**
 * Rejects a block that would lock out the operator, an allowed address or the load balancer.
 * @returns remarks about an accepted block
 * @throws Problem `lockout-refused`
 */
export function guardBlock(cidr: Cidr, { mine, allowed, wide }: BlockContext): string[] {
  const text = cidrText(cidr)
  refuseInside(cidr)
  const own = mine.find((one) => covers(cidr, one))
  if (own !== undefined) {
    throw new Problem('lockout-refused', `${text} contains your own address, ${cidrText(own)}.`, {
      next: 'block a narrower range; if that address is not yours, set yours with --my-address ADDRESS',
    })
  }
  const exempt = allowed.find((one) => covers(one, cidr))
  if (exempt !== undefined) {
    throw new Problem('lockout-refused', `${text} is on the allow list, as ${cidrText(exempt)}.`, {
      next: apigw('waf unblock', cidrText(exempt)),
    })
  }
  if (cidr.prefix < wideFrom[cidr.family] && !wide) {
    throw new Problem(
      'lockout-refused',
      `${text} is wider than /${wideFrom[cidr.family]}: such a range belongs to a provider, not to one caller.`,
      {
        next: 'narrow it, or add --wide',
      },
    )
  }
  return allowed.filter((one) => covers(cidr, one)).map((one) => `${cidrText(one)} stays allowed, although ${text} contains it.`)
}

/** A key with an IP allow list. */
export interface RestrictedKey {
  readonly customer: string
  readonly keyId: string
  readonly from: readonly string[]
}

/** The customers' keys whose IP allow list overlaps the blocked ranges. */
export function blockedKeys(cidrs: readonly Cidr[], keys: readonly RestrictedKey[]): string[] {
  return keys.flatMap(({ customer, keyId, from }) => {
    const hit = from.find((text) => {
      const range = readCidr(text)
      return range !== undefined && cidrs.some((cidr) => overlap(cidr, range))
    })
    return hit === undefined ? [] : [`The key ${keyId} of ${customer} is restricted to ${hit}, which this blocks.`]
  })
}
