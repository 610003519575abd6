import { type Cidr, cidrText, type Family, readCidr, widthOf } from './cidr.ts'

/** The two lists of a web ACL. Each is two IP sets, because an IP set has one address family. */
export const lists = ['block', 'allow'] as const
export type List = (typeof lists)[number]

const families: readonly Family[] = [4, 6]

/** Identifies an IP set by list and address family. */
export interface SetKey {
  readonly list: List
  readonly family: Family
}

export const allSets: readonly SetKey[] = lists.flatMap((list) => families.map((family) => ({ list, family })))

/** The names that templates/stacks/edge.yaml gives to the sets of a web ACL. */
export function setName(webAcl: string, { list, family }: SetKey): string {
  return `${webAcl}-${list}-v${family}`
}

/** The maximum number of addresses in a set (AWS WAF quotas; not adjustable). */
export const maxAddresses = 10_000

/** The canonical form of a range, because AWS WAF returns IPv6 uncompressed. Other text is unchanged. */
export function normalized(text: string): string {
  const cidr = readCidr(text)
  return cidr === undefined ? text : cidrText(cidr)
}

/** The ranges of a set, without text that is not a range. */
export function rangesOf(addresses: readonly string[]): Cidr[] {
  return addresses.flatMap((text) => readCidr(text) ?? [])
}

/** An address for display: without the prefix of a single address. */
export function shortText(address: string): string {
  const cidr = readCidr(address)
  return cidr !== undefined && cidr.prefix === widthOf[cidr.family] ? address.slice(0, address.indexOf('/')) : address
}
