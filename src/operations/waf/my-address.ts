import { networkInterfaces } from 'node:os'
import { type Cidr, readCidr } from './cidr.ts'

/** AWS's service that returns the caller's public address; IPv4 only. */
const service = new URL('https://checkip.amazonaws.com')
const timeoutMs = 2_000

/** The public address of this machine. @returns undefined without a valid answer in time */
export async function publicAddress(ask: URL = service, withinMs = timeoutMs): Promise<Cidr | undefined> {
  try {
    const response = await fetch(ask, { signal: AbortSignal.timeout(withinMs), redirect: 'error' })
    return response.ok ? readCidr((await response.text()).trim()) : undefined
  } catch {
    return undefined
  }
}

/** The addresses of this machine's network interfaces. With IPv6, these are usually its public addresses. */
export function ownAddresses(): Cidr[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .flatMap(({ address }) => readCidr(address) ?? [])
}
