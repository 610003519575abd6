import { Problem } from '../../../../domain/problem.ts'
import type { Caller } from '../../http/caller.ts'
import { TtlCache } from '../ttl-cache.ts'
import type { SchemeParts } from './scheme.ts'

const maxRemembered = 10_000
const rememberMs = 60_000
const pattern = /^bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i
const longest = 4096

/**
 * Makes the check of bearer tokens. One that proved right is remembered for a minute, and never beyond its own end;
 * revoking its key works at once because `admit` looks at the key each time.
 */
export function jwtScheme({ tokens, now }: SchemeParts): (header: string) => Promise<Caller> {
  const known = new TtlCache<Caller>(maxRemembered, rememberMs, now)
  return async (header) => {
    const remembered = known.get(header)
    if (remembered !== undefined) return remembered
    const token = header.length <= longest ? pattern.exec(header)?.[1] : undefined
    if (token === undefined)
      throw new Problem('token-invalid', 'The Authorization header is not "Bearer " with a token of this API.')
    const { customer, keyId, environment, expiresAt, leftMs } = await tokens.verify(token)
    const caller: Caller = { customer, keyId, environment, scheme: 'jwt', expiresAt }
    // How long is left is of the registry's clock; this machine's only measures it.
    known.set(header, caller, now() + leftMs)
    return caller
  }
}
