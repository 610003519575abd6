import { addressKey } from '../../domain/address.ts'

export type Family = 4 | 6

/** A range of addresses with a common prefix. A single address is a range of one. */
export interface Cidr {
  readonly family: Family
  /** The first address of the range, as a number. */
  readonly first: bigint
  /** The prefix length in bits. */
  readonly prefix: number
}

/** The length of an address in bits. */
export const widthOf = { 4: 32, 6: 128 } as const satisfies Record<Family, number>

const mappedBits = 96
const mapped = 0xffffn

interface Parsed extends Cidr {
  /** Whether host bits were set and cleared. AWS WAF rejects a range with host bits (aws-cdk issue 20003). */
  readonly cleared: boolean
}

function parts(text: string): { address: bigint; v6: boolean; prefix: string | undefined } | undefined {
  const [address = '', prefix, more] = text.split('/')
  // A zone (`fe80::1%eth0`) is an interface of this machine and has no meaning elsewhere.
  const key = address.includes('%') ? undefined : addressKey(address)
  if (key === undefined || more !== undefined) return undefined
  return { address: BigInt(`0x${key}`), v6: address.includes(':'), prefix }
}

/**
 * Parses `203.0.113.7`, `203.0.113.0/24`, `2001:db8::1` or `2001:db8::/32`. An IPv4-mapped IPv6 address
 * (`::ffff:203.0.113.7`) becomes the IPv4 address, as a load balancer treats it.
 * @returns undefined for any other text
 */
export function readCidr(text: string): Parsed | undefined {
  const found = parts(text)
  if (found === undefined) return undefined
  const typed = found.v6 ? 128 : 32
  const bits = found.prefix === undefined ? typed : /^\d{1,3}$/.test(found.prefix) ? Number(found.prefix) : Number.NaN
  if (!(bits >= 0 && bits <= typed)) return undefined
  const asV4 = !found.v6 || (found.address >> 32n === mapped && bits >= mappedBits)
  const family = asV4 ? 4 : 6
  const prefix = found.v6 && asV4 ? bits - mappedBits : bits
  const address = asV4 ? found.address & 0xffff_ffffn : found.address
  const rest = BigInt(widthOf[family] - prefix)
  const first = (address >> rest) << rest
  return { family, first, prefix, cleared: first !== address }
}

/** Whether `outer` contains every address of `inner`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  const rest = BigInt(widthOf[outer.family] - outer.prefix)
  return outer.family === inner.family && outer.prefix <= inner.prefix && outer.first >> rest === inner.first >> rest
}

/** Whether the ranges overlap. Two CIDR ranges overlap only if one contains the other. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return covers(one, other) || covers(other, one)
}

function v4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
}

/** The canonical form of RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
function v6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn))
  let longest = { from: 0, length: 1 }
  for (let from = 0; from < 8; from++) {
    const end = groups.findIndex((group, index) => index >= from && group !== 0)
    const length = (end === -1 ? 8 : end) - from
    if (length > longest.length) longest = { from, length }
  }
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(':')
  if (longest.length < 2) return hex(groups)
  return `${hex(groups.slice(0, longest.from))}::${hex(groups.slice(longest.from + longest.length))}`
}

/** The range in AWS WAF's format: canonical, always with a prefix. */
export function cidrText({ family, first, prefix }: Cidr): string {
  return `${family === 4 ? v4Text(first) : v6Text(first)}/${prefix}`
}
