import { networkInterfaces } from 'node:os'
import { type Cidr, readCidr } from './cidr.ts'

/** AWS's own answer to "from which address do I call you?"; by IPv4 only. */
const service = new URL('https://checkip.amazonaws.com')
const timeoutMs = 2_000

/** @returns undefined where nobody answers in time, or with anything but an address */
export async function publicAddress(ask: URL = service, withinMs = timeoutMs): Promise<Cidr | undefined> {
  try {
    const response = await fetch(ask, { signal: AbortSignal.timeout(withinMs), redirect: 'error' })
    return response.ok ? readCidr((await response.text()).trim()) : undefined
  } catch {
    return undefined
  }
}

/** What the network cards of this machine are called: with IPv6, that is mostly what the world sees. */
export function ownAddresses(): Cidr[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .flatMap(({ address }) => readCidr(address) ?? [])
}
