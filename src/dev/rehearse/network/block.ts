import { isIPv4 } from 'node:net'
import { Unresolvable } from '../template/resource.ts'

/** A range of IPv4 addresses, both ends included. */
export interface Block {
  readonly from: number
  readonly to: number
  readonly text: string
}

function addressNumber(text: string): number {
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0)
}

/**
 * Reads `10.0.0.0/16`, or one address.
 * @param place the resource and property that the errors name
 * @throws Unresolvable
 */
export function blockOf(text: string, place: string): Block {
  const [address = '', bits = '32', more] = text.split('/')
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN
  if (!isIPv4(address) || more !== undefined || !(prefix >= 0 && prefix <= 32)) {
    throw new Unresolvable(place, `"${text}" is not an IPv4 range such as 10.0.0.0/16.`)
  }
  const size = 2 ** (32 - prefix)
  const from = Math.floor(addressNumber(address) / size) * size
  return { from, to: from + size - 1, text }
}

/**
 * Any public address. The addresses of AWS services change, so a rule counts as open to a service only if it is open to
 * all of the internet (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html).
 */
export const internet: Block = { from: 0, to: 2 ** 32 - 1, text: 'the internet' }

/** Ranges without public addresses: RFC 1918, RFC 6598, loopback (RFC 1122, section 3.2.1.3) and link-local (RFC 3927). */
const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'].map(
  (text) => blockOf(text, 'private ranges'),
)

export function covers(outer: Block, inner: Block): boolean {
  return outer.from <= inner.from && outer.to >= inner.to
}

export function isPrivate(block: Block): boolean {
  return privateBlocks.some((one) => covers(one, block))
}

/** Whether a range of a rule has an address of one side. A private range has none of the internet. */
export function overlaps(range: Block, side: Block): boolean {
  if (side === internet) return !isPrivate(range)
  return range.from <= side.to && side.from <= range.to
}

/** The length of the prefix: 16 of `10.0.0.0/16`. */
export function prefixLength({ from, to }: Block): number {
  return 32 - Math.log2(to - from + 1)
}
