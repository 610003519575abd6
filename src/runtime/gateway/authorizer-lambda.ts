import { authenticator } from './authenticate.ts'
import { type AuthorizerEvent, createAuthorizer, type PolicyResult, type SimpleResult } from './authorizer.ts'
import { openProofs } from './proofs.ts'
import { createTokens } from './tokens.ts'

type Authorize = (event: AuthorizerEvent) => Promise<PolicyResult | SimpleResult>

async function open(): Promise<Authorize> {
  const { env } = process
  const { registry, masterKeys } = await openProofs()
  const publicOrigin = env.APIGW_PUBLIC_ORIGIN
  const tokens = createTokens({ registry, masterKeys, issuer: publicOrigin ?? 'apigw', now: Date.now })
  const authenticate = authenticator({ registry, masterKeys, tokens, now: Date.now })
  return createAuthorizer({ authenticate, publicOrigin, simple: env.APIGW_AUTHORIZER === 'simple' })
}

let opened: Promise<Authorize> | undefined

/** What API Gateway calls. Nothing is opened before the first event. */
export async function handler(event: AuthorizerEvent): Promise<PolicyResult | SimpleResult> {
  opened ??= open()
  try {
    return await (await opened)(event)
  } catch (error) {
    await opened.catch(() => {
      opened = undefined
    })
    throw error
  }
}
