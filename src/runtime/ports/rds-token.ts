import { AwsV4Signer } from 'aws4fetch'
import { type AwsCredentials, ambientCredentials } from './aws.ts'

/** RDS accepts a token for 15 minutes (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html). */
const lifeSeconds = 900
/** Connections with the same token are not counted against the limit of about 200 new connections a second (same page). */
const reusedMs = 600_000

interface TokenOptions {
  readonly region?: string | undefined
  /** Absent: the credentials of the environment or the container, as on Lambda and ECS. */
  readonly credentials?: () => Promise<AwsCredentials>
  readonly now?: () => number
}

const defaultPorts: Readonly<Record<string, string>> = { 'postgres:': '5432', 'postgresql:': '5432' }

/**
 * Makes tokens that RDS takes in place of a password (IAM database authentication). A token is a signed URL. It is signed here, so no
 * service of AWS has to be reached (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html).
 * @param database its user, host and port are part of the token
 * @throws AwsError `CredentialsMissing`
 */
export function databaseToken(database: URL, options: TokenOptions = {}): () => Promise<string> {
  const { credentials = ambientCredentials, now = Date.now } = options
  const region = options.region ?? process.env.AWS_REGION ?? 'ap-northeast-2'
  const host = `${database.hostname}:${database.port || (defaultPorts[database.protocol] ?? '3306')}`
  let known: { readonly token: string; readonly until: number } | undefined
  return async () => {
    if (known !== undefined && now() < known.until) return known.token
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt = Number.POSITIVE_INFINITY } = await credentials()
    const url = new URL(`https://${host}/`)
    url.searchParams.set('Action', 'connect')
    url.searchParams.set('DBUser', decodeURIComponent(database.username))
    url.searchParams.set('X-Amz-Expires', String(lifeSeconds))
    const signer = new AwsV4Signer({
      url: url.href,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: 'rds-db',
      region,
      signQuery: true,
      datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
    })
    const signed = await signer.sign()
    const token = signed.url.href.replace(/^https:\/\//, '')
    known = { token, until: Math.min(now() + reusedMs, expiresAt) }
    return token
  }
}
