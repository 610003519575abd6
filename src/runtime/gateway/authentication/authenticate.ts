import type { Environment } from '../../../domain/names.ts'
import { Problem } from '../../../domain/problem.ts'
import { type ParsedSignature, parseSignature } from '../../../domain/signature.ts'
import type { Caller } from '../http/caller.ts'
import { type HttpRequest, single } from '../http/http.ts'
import { basicScheme, parseBasic } from './schemes/basic.ts'
import { hmacScheme } from './schemes/hmac.ts'
import { jwtScheme } from './schemes/jwt.ts'
import type { SchemeParts } from './schemes/scheme.ts'
import { failureDelay } from './slow-down.ts'

/** What a call is authenticated for. */
export interface AuthContext {
  /** By the path. */
  readonly environment: Environment
  /** Scheme and host as the client sees them: `https://api.example.com`. */
  readonly origin: string
  /** `token`: at the token endpoint, where keys of the scheme `jwt` sign in with Basic. */
  readonly purpose: 'call' | 'token'
  /** False in an API Gateway authorizer, which sees no body. */
  readonly bodyVisible: boolean
}

export type Authenticate = (request: HttpRequest, entrance: AuthContext) => Promise<Caller>

/** Codes that a guess can earn: their answers are slowed down. */
const guesses = new Set<string>(['credentials-invalid', 'token-invalid'])

function invalid(detail: string): Problem {
  return new Problem('credentials-invalid', detail)
}

function keyIdOf(parsed: ParsedSignature | undefined): string | undefined {
  return parsed?.keyId?.split(':')[0]
}

/** The customer that a call claims to be from. It is used only to count failures. */
function claimed(request: HttpRequest): string {
  const basic = parseBasic(single(request, 'authorization') ?? '')
  if (basic !== undefined) return basic.customer
  return keyIdOf(parseSignature(single(request, 'signature-input') ?? '', single(request, 'signature') ?? '')) ?? ''
}

/** Makes the function that finds out who calls, by whichever scheme the call uses. */
export function authenticator(parts: SchemeParts): Authenticate {
  const basic = basicScheme(parts, 'basic')
  const client = basicScheme(parts, 'jwt')
  const bearer = jwtScheme(parts)
  const signed = hmacScheme(parts)
  const delay = failureDelay(parts.now)

  function prove(request: HttpRequest, { environment, origin, purpose, bodyVisible }: AuthContext): Promise<Caller> {
    const header = single(request, 'authorization')
    const isSigned = request.headers.has('signature-input') || request.headers.has('signature')
    if (header === null) throw invalid('There is more than one Authorization header.')
    if (header !== undefined && isSigned)
      throw invalid('The call is both signed and carries an Authorization header: which is meant?')
    if (isSigned && purpose === 'call') {
      return signed({ request, environment, targetUri: `${origin}${request.target}`, bodyVisible })
    }
    if (header === undefined) throw new Problem('credentials-missing', 'The call needs an Authorization header or a signature.')
    if (purpose === 'token') return client(header)
    return /^bearer /i.test(header) ? bearer(header) : basic(header)
  }

  return async (request, entrance) => {
    try {
      return await prove(request, entrance)
    } catch (error) {
      if (error instanceof Problem && guesses.has(error.code)) {
        request.resting?.()
        await delay(claimed(request), request.address)
      }
      throw error
    }
  }
}
