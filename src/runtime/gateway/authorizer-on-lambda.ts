import type { OpenRegistry } from '../../registry/index.ts'
import { frozenSince } from '../frozen.ts'
import { numberFrom } from '../process.ts'
import { authenticator } from './authentication/authenticate.ts'
import { createAuthorizer, type PolicyResult, type SimpleResult } from './authentication/authorizer.ts'
import { openProofs } from './authentication/proofs.ts'
import { createTokens } from './authentication/tokens.ts'

type Authorize = (event: unknown) => Promise<PolicyResult | SimpleResult>

interface OpenedAuthorizer {
  readonly authorize: Authorize
  readonly revive: () => Promise<void>
}

async function openAuthorizer(openRegistry: OpenRegistry): Promise<OpenedAuthorizer> {
  const { env } = process
  const { registry, masterKeys } = await openProofs(openRegistry)
  const publicOrigin = env.APIGW_PUBLIC_ORIGIN
  const tokens = createTokens({ registry, masterKeys, issuer: publicOrigin ?? 'apigw', now: Date.now })
  const authenticate = authenticator({ registry, masterKeys, tokens, now: Date.now })
  const authorize = createAuthorizer({
    authenticate,
    publicOrigin,
    trustedProxies: numberFrom('APIGW_TRUSTED_PROXIES', 0),
    simple: env.APIGW_AUTHORIZER === 'simple',
  })
  return { authorize, revive: () => registry.revive() }
}

/** What API Gateway calls. Nothing is opened before the first event. */
export function authorizerHandler(openRegistry: OpenRegistry): Authorize {
  let opened: Promise<OpenedAuthorizer> | undefined
  const frozen = frozenSince()
  return async (event) => {
    opened ??= openAuthorizer(openRegistry)
    try {
      const { authorize, revive } = await opened
      if (frozen.begin()) await revive()
      return await authorize(event)
    } catch (error) {
      await opened.catch(() => {
        opened = undefined
      })
      throw error
    } finally {
      frozen.end()
    }
  }
}
