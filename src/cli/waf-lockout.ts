import { Problem } from '../domain/problem.ts'
import { type Cidr, ownAddresses, publicAddress, type RestrictedKey, readCidr } from '../operations/waf/index.ts'
import type { OperatorRegistry } from '../registry/index.ts'

/** The addresses of the operator: the one of --my-address, or those of this machine and its public address. */
export async function myAddresses(flag: string | undefined, blocked: readonly Cidr[]): Promise<{ mine: Cidr[]; known: boolean }> {
  if (flag !== undefined) {
    const cidr = readCidr(flag)
    if (cidr === undefined) throw new Problem('input-invalid', `--my-address: "${flag}" is not an IP address.`)
    return { mine: [cidr], known: true }
  }
  const own = ownAddresses()
  if (!blocked.some(({ family }) => family === 4)) return { mine: own, known: true }
  const outside = await publicAddress()
  return { mine: outside === undefined ? own : [outside, ...own], known: outside !== undefined }
}

/** Each customer takes one call. With more customers than this, a block does not check their keys. */
const maxCustomers = 500

/** Keys that are restricted to addresses; none if there are too many customers to check. */
export async function restrictedKeys(registry: OperatorRegistry): Promise<RestrictedKey[]> {
  const customers = await registry.customers()
  if (customers.length > maxCustomers) return []
  const profiles = await Promise.all(customers.map(({ id }) => registry.profile(id)))
  return profiles
    .flatMap((stored) => stored?.profile.credentials ?? [])
    .filter(({ revokedAt }) => revokedAt === undefined)
    .map(({ customer, keyId, allowIps = [] }) => ({ customer, keyId, from: allowIps.map(({ text }) => text) }))
}
