import { digestOf, secretMatches } from '../../domain/credential.ts'
import type { Environment } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import type { Registry } from '../../registry/index.ts'
import { type HttpRequest, single } from './http.ts'
import { parseBasic } from './schemes/basic.ts'

/** Who calls, proven. Whether they still may is decided by `admit`, for every call. */
export interface Caller {
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
}

export type Authenticate = (request: HttpRequest) => Promise<Caller>

const mostRemembered = 10_000
const rememberMs = 60_000
/** Compared with when there is no such key, so that an unknown id takes as long as a wrong secret. */
const nobody = digestOf('nobody')

function invalid(detail: string): Problem {
  return new Problem('credentials-invalid', detail)
}

async function verified(registry: Registry, header: string): Promise<Caller> {
  const given = parseBasic(header)
  if (given === undefined) {
    throw invalid('The Authorization header is not "Basic " with the base64 of ID:PW:API_KEY.')
  }
  const credential = await registry.credential(given.customer, given.keyId)
  const matches = secretMatches(given.secret, credential?.digest ?? nobody)
  if (!matches || credential?.scheme !== 'basic') throw invalid('No key fits these credentials.')
  return { customer: given.customer, keyId: given.keyId, environment: credential.environment }
}

/**
 * Makes the function that finds out who calls. Headers that proved right are remembered for a minute: the look-up and
 * the digest are then done once, and revoking a key still works at once because `admit` looks at its state each time.
 */
export function authenticator(registry: Registry, now: () => number = Date.now): Authenticate {
  const known = new Map<string, { readonly caller: Caller; readonly until: number }>()

  return async (request) => {
    const header = single(request, 'authorization')
    if (header === undefined) throw new Problem('credentials-missing', 'The call needs an Authorization header.')
    if (header === null) throw invalid('There is more than one Authorization header.')
    const remembered = known.get(header)
    if (remembered !== undefined && now() < remembered.until) return remembered.caller
    known.delete(header)
    const caller = await verified(registry, header)
    if (known.size >= mostRemembered) known.delete(known.keys().next().value ?? '')
    known.set(header, { caller, until: now() + rememberMs })
    return caller
  }
}
