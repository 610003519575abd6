import { addressKey, addressRange, inRanges } from './address.ts'

/**
 * Addresses of IPv4 that are not globally reachable, and those that lead elsewhere: the registry of special-purpose addresses
 * (https://www.iana.org/assignments/iana-ipv4-special-registry), with multicast and what is reserved.
 */
const specialV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Link-local, where clouds answer for the metadata of a machine.
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map(addressRange)

/**
 * Global unicast (RFC 4291, section 2.4). All that is outside is refused: loopback, link-local, unique local (RFC 4193),
 * IPv4-mapped, and NAT64 (RFC 6052), which would reach an IPv4 address inside.
 */
const globalV6 = [addressRange('2000::/3')]

/** What is special within (https://www.iana.org/assignments/iana-ipv6-special-registry): among it Teredo and 6to4, which hold IPv4. */
const specialV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(addressRange)

/** Whether the public internet, and nothing nearer, is behind an address. */
export function isPublicAddress(address: string): boolean {
  const key = addressKey(address)
  if (key === undefined || address.includes('%')) return false
  if (!address.includes(':')) return !inRanges(key, specialV4)
  return inRanges(key, globalV6) && !inRanges(key, specialV6)
}

/** Whether an address is of this machine: 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(address: string): boolean {
  const key = addressKey(address)
  return key !== undefined && inRanges(key, loopback)
}

const loopback = ['127.0.0.0/8', '::1/128'].map(addressRange)
