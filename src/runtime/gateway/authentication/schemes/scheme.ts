import type { Environment } from '../../../../domain/names.ts'
import type { MasterKeys } from '../../../../domain/seal.ts'
import type { Registry } from '../../../../registry/index.ts'
import type { HttpRequest } from '../../http/http.ts'
import type { Tokens } from '../tokens.ts'

/** What the schemes need to prove who calls. */
export interface SchemeParts {
  readonly registry: Registry
  readonly masterKeys: MasterKeys | undefined
  readonly tokens: Tokens
  readonly now: () => number
}

/** A request with what the address says about it. */
export interface Attempt {
  readonly request: HttpRequest
  /** From the path. It decides how much an error may reveal. */
  readonly environment: Environment
  /** Absolute URI as the client addressed it. */
  readonly targetUri: string
  /** False where the body is not visible (an API Gateway authorizer): its digest is then checked later. */
  readonly bodyVisible: boolean
}

/** The one answer to an unknown customer, an unknown key and a wrong secret alike. */
export const nothingFits = 'No key fits these credentials.'
