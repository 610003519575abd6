import { Problem } from '../../domain/problem.ts'
import { type Cidr, cidrText, type Family, readCidr } from './cidr.ts'

/** Parsed addresses, and remarks about them. */
export interface AddressInput {
  readonly cidrs: readonly Cidr[]
  readonly remarks: readonly string[]
}

/**
 * The widest accepted range. AWS WAF accepts all but /0 (API reference, IPSet), but a wider range is a typo or a case for a
 * geographic rule.
 */
const widest = { 4: 8, 6: 24 } as const satisfies Record<Family, number>

const hostname = /^(?=.*[a-z])[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$/i

function refusal(text: string): Problem {
  if (text.trim() === '') return new Problem('input-invalid', 'An address is empty.')
  if (text.includes('://')) {
    return new Problem('input-invalid', `"${text}" is a URL, but AWS WAF needs an IP address.`)
  }
  if (hostname.test(text)) {
    return new Problem('input-invalid', `"${text}" is a hostname, but AWS WAF needs IP addresses.`, {
      next: `dig +short ${text} A ${text} AAAA`,
    })
  }
  return new Problem('input-invalid', `"${text}" is neither an IP address nor a range such as 203.0.113.0/24 or 2001:db8::/48.`)
}

function checkWidth({ family, prefix }: Cidr, text: string): void {
  if (prefix === 0) throw new Problem('input-invalid', `"${text}" covers every address, and AWS WAF does not accept /0.`)
  if (prefix >= widest[family]) return
  throw new Problem('input-invalid', `"${text}" is wider than /${widest[family]}, the widest range that a list accepts.`, {
    next: 'use a narrower range; to block a country, use a geographic match rule',
  })
}

/**
 * Parses the addresses of a command and removes duplicates.
 * @param limits whether to reject wide ranges; false for a removal
 * @throws Problem `input-invalid`, which names the first invalid address
 */
export function parseAddresses(texts: readonly string[], limits: boolean): AddressInput {
  const cidrs = new Map<string, Cidr>()
  const remarks: string[] = []
  for (const typed of texts) {
    const text = typed.trim()
    const cidr = readCidr(text)
    if (cidr === undefined) throw refusal(text)
    if (limits) checkWidth(cidr, text)
    const normalized = cidrText(cidr)
    if (cidr.cleared) remarks.push(`${text} is stored as ${normalized}, the start of its range.`)
    else if (text.includes(':') && cidr.family === 4) remarks.push(`${text} is stored as ${normalized}.`)
    if (cidrs.has(normalized)) remarks.push(`${normalized} is listed twice.`)
    cidrs.set(normalized, { family: cidr.family, first: cidr.first, prefix: cidr.prefix })
  }
  if (cidrs.size === 0) throw new Problem('input-missing', 'Specify at least one address.')
  return { cidrs: [...cidrs.values()], remarks }
}

/** The addresses in a file, one or more per line; `#` starts a comment. */
export function addressesIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, ''))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter((word) => word !== '')
}
