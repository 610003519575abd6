import { type Cidr, cidrText, type Family, readCidr, widthOf } from './cidr.ts'

/** The two lists of a web ACL. Each is two IP sets, because a set of AWS WAF holds one family of addresses. */
export const lists = ['block', 'allow'] as const
export type List = (typeof lists)[number]

const families: readonly Family[] = [4, 6]

/** One IP set, by what is in it. */
export interface Which {
  readonly list: List
  readonly family: Family
}

export const allSets: readonly Which[] = lists.flatMap((list) => families.map((family) => ({ list, family })))

/** The names that templates/stacks/edge.yaml gives to the sets of a web ACL. */
export function setName(webAcl: string, { list, family }: Which): string {
  return `${webAcl}-${list}-v${family}`
}

/** How many addresses a set holds at most (AWS WAF quotas; it cannot be raised). */
export const maxAddresses = 10_000

/** One way of writing for the same range: AWS WAF gives IPv6 back with all its zeros. Anything else stays as it is. */
export function normal(text: string): string {
  const cidr = readCidr(text)
  return cidr === undefined ? text : cidrText(cidr)
}

/** What a set holds, as ranges. What cannot be read as one is left out. */
export function rangesOf(addresses: readonly string[]): Cidr[] {
  return addresses.flatMap((text) => readCidr(text) ?? [])
}

/** An address as people write it: without its prefix where that says nothing. */
export function shortText(address: string): string {
  const cidr = readCidr(address)
  return cidr !== undefined && cidr.prefix === widthOf[cidr.family] ? address.slice(0, address.indexOf('/')) : address
}
