import { randomBytes } from 'node:crypto'

/**
 * A client request token for one stack operation. CloudFormation treats a request with the same token as a retry, and shows
 * the token in every event, so a concurrent deployment can show who started the first one. At most 128 of a-z, 0-9 and "-".
 */
export function tokenFor(who: string | undefined): string {
  const safe = (who ?? '').replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return `apigw-${safe === '' ? '' : `by-${safe.slice(0, 80)}-`}${randomBytes(8).toString('hex')}`
}

/** Who started an operation, as far as its token shows. */
export function actorIn(token: string | undefined): string {
  const named = /^apigw-by-(.+)-[0-9a-f]{16}$/.exec(token ?? '')?.[1]
  if (named !== undefined) return named
  if (token?.startsWith('Console-')) return 'a user of the AWS console'
  return 'another deployment'
}
