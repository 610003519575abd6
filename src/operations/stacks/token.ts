import { randomBytes } from 'node:crypto'

/**
 * A name for one change of a stack. AWS takes a request that it has seen under the same name for a repetition, and shows
 * the name in every event, so that whoever comes second can be told who was first. At most 128 of a-z, 0-9 and "-".
 */
export function tokenFor(who: string | undefined): string {
  const safe = (who ?? '').replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return `apigw-${safe === '' ? '' : `by-${safe.slice(0, 80)}-`}${randomBytes(8).toString('hex')}`
}

/** Who gave a change its name, as far as the name tells. */
export function whoIs(token: string | undefined): string {
  const named = /^apigw-by-(.+)-[0-9a-f]{16}$/.exec(token ?? '')?.[1]
  if (named !== undefined) return named
  if (token?.startsWith('Console-')) return 'somebody in the AWS console'
  return 'another deployment'
}
