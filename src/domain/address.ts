import { isIPv4, isIPv6 } from 'node:net'
import { Problem } from './problem.ts'

/**
 * A range of addresses, both ends included. Each end is an IPv6 address (an IPv4 one mapped into ::ffff:0:0/96) as 32
 * hexadecimal digits, so that Lua inside Redis decides by comparing strings.
 */
export interface AddressRange {
  readonly from: string
  readonly to: string
  /** As it was typed, for people. */
  readonly text: string
}

function groupsOf(half: string): number[] {
  const groups: number[] = []
  for (const part of half === '' ? [] : half.split(':')) {
    if (part.includes('.')) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
      groups.push(a * 256 + b, c * 256 + d)
    } else groups.push(Number.parseInt(part, 16))
  }
  return groups
}

const maxRemembered = 10_000
const remembered = new Map<string, string>()

/** 32 hexadecimal digits for any IPv4 or IPv6 address, `undefined` for any other text. */
export function addressKey(text: string): string | undefined {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const key = computedKey(text)
  if (key !== undefined) {
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(text, key)
  }
  return key
}

function computedKey(text: string): string | undefined {
  const address = text.includes('%') ? text.slice(0, text.indexOf('%')) : text
  const ipv6 = isIPv4(address) ? `::ffff:${address}` : address
  if (!isIPv6(ipv6)) return undefined
  const [head = '', tail] = ipv6.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const groups = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
  return groups.map((group) => group.toString(16).padStart(4, '0')).join('')
}

/**
 * Reads one entry of X-Forwarded-For. Load balancers and proxies that keep the client's port write it behind the address (an
 * ALB with `routing.http.xff_client_port.enabled`, Azure Application Gateway always); with a port an IPv6 address stands in
 * brackets, as in a `Forwarded` header (RFC 7239, section 6).
 *
 * @returns the address alone; `undefined` for anything else, such as `unknown`
 */
export function forwardedAddress(entry: string): string | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, '$1')
  if (text.length > maxEntry) return undefined
  const [, bracketed, v4] = /^(?:\[([^\]]*)\]|(\d[\d.]*))(?::\d{1,5})?$/.exec(text) ?? []
  const address = bracketed ?? v4 ?? text
  if (bracketed !== undefined && !bracketed.includes(':')) return undefined
  return addressKey(address) === undefined ? undefined : address
}

/**
 * The caller's address behind trusted proxies. The caller controls the entries further left.
 *
 * @param values the values of X-Forwarded-For, as they came
 * @param place which entry counts, from the right, from 1
 * @param last the caller of a front that adds no entry of its own; it counts as the last entry
 * @returns `undefined` without any entry; '' if that entry cannot be read, or there are fewer: the address is
 *   then unknown, and no allow-list holds it
 */
export function forwardedFor(values: readonly string[], place: number, last?: string): string | undefined {
  const entries = values
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
  if (entries.every((entry) => entry === '')) return last !== undefined && place === 1 ? last : undefined
  if (last !== undefined && forwardedAddress(entries.at(-1) ?? '') !== last) entries.push(last)
  return forwardedAddress(entries.at(-place) ?? '') ?? ''
}

/** An IPv6 address with its zone, in brackets and quotes, with a port. */
const maxEntry = 80

/**
 * What a network that one customer of a provider has is called: an IPv6 address without its last 64 bits, because a host
 * chooses those itself (RFC 4291, section 2.5.1), and the whole of an IPv4 address, also where it is mapped into IPv6.
 */
export function networkKey(text: string): string | undefined {
  const key = addressKey(text)
  return key === undefined || key.startsWith(mappedPrefix) ? key : key.slice(0, 16)
}

const mappedPrefix = '00000000000000000000ffff'

/**
 * Reads `203.0.113.7`, `203.0.113.0/24` or `2001:db8::/32`.
 * @throws Problem `input-invalid`
 */
export function addressRange(text: string): AddressRange {
  const [address = '', bits, more] = text.split('/')
  const key = addressKey(address)
  const width = address.includes(':') ? 128 : 32
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (key === undefined || more !== undefined || !(prefix >= 0 && prefix <= width)) {
    throw new Problem('input-invalid', `"${text}" is not an IP address or a range such as 203.0.113.0/24.`)
  }
  const hostBits = BigInt(width - prefix)
  const mask = (1n << hostBits) - 1n
  const value = BigInt(`0x${key}`)
  const hex = (end: bigint) => end.toString(16).padStart(32, '0')
  return { from: hex(value & ~mask), to: hex(value | mask), text }
}

/** @param key what `addressKey` gave for the caller's address */
export function inRanges(key: string, ranges: readonly AddressRange[]): boolean {
  return ranges.some((range) => key >= range.from && key <= range.to)
}
