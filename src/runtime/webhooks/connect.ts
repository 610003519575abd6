import { Resolver } from 'node:dns/promises'
import { isLoopbackAddress, isPublicAddress } from '../../domain/public-address.ts'

/** Addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** Why an attempt failed before there was an answer. */
export class NotSent extends Error {}

/**
 * Asks the name servers, without the threads that `dns.lookup` shares with the whole process: names that do not resolve would
 * take all of them (https://nodejs.org/docs/latest-v24.x/api/dns.html#implementation-considerations).
 */
export const resolveName: Resolve = async (host) => {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
}

const localNames = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * The address to connect to. It is checked and then used itself, so a name that leads elsewhere a moment later changes nothing. One
 * address that is not public is enough to refuse the name.
 * @param local whether names of this machine are allowed
 * @throws NotSent
 */
export async function checkedAddress(host: string, resolve: Resolve, local: boolean): Promise<string> {
  if (local && localNames.has(host)) return host === '[::1]' ? '::1' : '127.0.0.1'
  const found = await resolve(host).catch(() => [])
  const [first] = found
  if (first === undefined) throw new NotSent('dns: the host does not resolve')
  if (found.every((address) => isPublicAddress(address) || (local && isLoopbackAddress(address)))) return first
  throw new NotSent('address-not-allowed: the host resolves to an address that is not public')
}
