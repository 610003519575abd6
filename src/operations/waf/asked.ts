import { Problem } from '../../domain/problem.ts'
import { type Cidr, cidrText, type Family, readCidr } from './cidr.ts'

/** What an operator asked for, and what has to be said about it. */
export interface Asked {
  readonly cidrs: readonly Cidr[]
  readonly remarks: readonly string[]
}

/**
 * The widest range that is ever taken. AWS WAF itself takes all but /0 (API reference, IPSet); wider than this is a
 * slip of the finger, or a part of the world that other rules are for.
 */
const widest = { 4: 8, 6: 24 } as const satisfies Record<Family, number>

const hostname = /^(?=.*[a-z])[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$/i

function refusal(text: string): Problem {
  if (text.trim() === '') return new Problem('input-invalid', 'An address is empty.')
  if (text.includes('://')) {
    return new Problem('input-invalid', `"${text}" is a URL, and AWS WAF wants the address behind it.`)
  }
  if (hostname.test(text)) {
    return new Problem('input-invalid', `"${text}" is a name, and AWS WAF wants the addresses behind it.`, {
      next: `dig +short ${text} A ${text} AAAA`,
    })
  }
  return new Problem('input-invalid', `"${text}" is neither an IP address nor a range such as 203.0.113.0/24 or 2001:db8::/48.`)
}

function checkWidth({ family, prefix }: Cidr, text: string): void {
  if (prefix === 0) throw new Problem('input-invalid', `"${text}" is everybody: AWS WAF takes no /0.`)
  if (prefix >= widest[family]) return
  throw new Problem('input-invalid', `"${text}" is wider than /${widest[family]}, which no entry of a list should be.`, {
    next: 'narrow it; whole countries are a matter of a geographic rule',
  })
}

/**
 * Reads the addresses of a command, each once.
 * @param limits whether a range may be too wide; it may when it is to be taken away
 * @throws Problem `input-invalid` that names the first bad one
 */
export function readAsked(texts: readonly string[], limits: boolean): Asked {
  const cidrs = new Map<string, Cidr>()
  const remarks: string[] = []
  for (const typed of texts) {
    const text = typed.trim()
    const cidr = readCidr(text)
    if (cidr === undefined) throw refusal(text)
    if (limits) checkWidth(cidr, text)
    const normal = cidrText(cidr)
    if (cidr.cleared) remarks.push(`${text} is taken as ${normal}: the range begins there.`)
    else if (text.includes(':') && cidr.family === 4) remarks.push(`${text} is taken as ${normal}.`)
    if (cidrs.has(normal)) remarks.push(`${normal} was given twice.`)
    cidrs.set(normal, { family: cidr.family, first: cidr.first, prefix: cidr.prefix })
  }
  if (cidrs.size === 0) throw new Problem('input-missing', 'No address was given.')
  return { cidrs: [...cidrs.values()], remarks }
}

/** The addresses of a file: one a line or several, `#` begins a remark. */
export function addressesIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, ''))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter((word) => word !== '')
}
