import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { AwsRequest, Sender, Verdict } from '../../rights/access.ts'

/** Temporary keys of a workload, and as whom their requests are evaluated. */
export interface KnownKeys {
  readonly name: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly sender: Sender
}

/** A database that takes tokens of IAM. */
export interface TokenRules {
  /** As in the address that workloads connect to. */
  readonly host: string
  readonly port: number
  readonly region: string
  readonly account: string
  /** `DbiResourceId`, which rights name. */
  readonly resourceId: string
  keys(accessKeyId: string): KnownKeys | undefined
  evaluate(sender: Sender, request: AwsRequest): Verdict
  readonly now?: () => number
}

/** Why a database refuses a token. */
export interface Refused {
  /** Whose keys signed it; undefined if no one's did. */
  readonly by: string | undefined
  readonly reason: string
}

const maxSeconds = 900

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** As RFC 3986, which Signature Version 4 asks for. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureOf(url: URL, secret: string): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&')
  const canonical = ['GET', '/', query, `host:${url.host}`, '', 'host', sha256('')].join('\n')
  const date = url.searchParams.get('X-Amz-Date') ?? ''
  const [, ...scope] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/')
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<string | Buffer>((so, part) => hmac(so, part), `AWS4${secret}`)
  return hmac(key, text).toString('hex')
}

function dateOf(text: string): number {
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(text) ?? []
  if (date === undefined || time === undefined) return Number.NaN
  return Date.parse(`${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`)
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

/** What is wrong with the token itself, before any policy. */
function faultOf(
  url: URL,
  user: string,
  keys: KnownKeys,
  { host, port, region, now = Date.now }: TokenRules,
): string | undefined {
  const { searchParams: query } = url
  if (url.host !== `${host}:${port}`) return `it is for ${url.host}`
  if (query.get('Action') !== 'connect' || query.get('DBUser') !== user) return `it is for the user ${query.get('DBUser')}`
  const [, day, place, service, end] = (query.get('X-Amz-Credential') ?? '').split('/')
  if (place !== region || service !== 'rds-db' || end !== 'aws4_request') return `its scope is ${place}/${service}`
  const [from, seconds] = [dateOf(query.get('X-Amz-Date') ?? ''), Number(query.get('X-Amz-Expires'))]
  if (!query.get('X-Amz-Date')?.startsWith(day ?? '-') || !(seconds > 0 && seconds <= maxSeconds))
    return 'its dates are not valid'
  if (!(now() >= from - maxSeconds * 1_000 && now() < from + seconds * 1_000)) return 'it has expired'
  if (query.get('X-Amz-Security-Token') !== keys.sessionToken) return 'its session token is not that of the keys'
  return sameText(query.get('X-Amz-Signature') ?? '', signatureOf(url, keys.secretAccessKey))
    ? undefined
    : 'its signature is wrong'
}

/**
 * Whether a database of RDS lets a user in with a token in place of a password: a URL signed for this user, host and port, less than 15
 * minutes old, by someone whose policies allow `rds-db:connect`
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html).
 * @returns undefined if it does
 */
export function refusalOf(token: string, user: string, rules: TokenRules): Refused | undefined {
  const text = `https://${token}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [accessKeyId = ''] = (url?.searchParams.get('X-Amz-Credential') ?? '').split('/')
  const keys = rules.keys(accessKeyId)
  if (url === undefined || keys === undefined) return { by: undefined, reason: 'no known key has signed it' }
  const fault = faultOf(url, user, keys, rules)
  if (fault !== undefined) return { by: keys.name, reason: `the token is refused: ${fault}` }
  const resource = `arn:aws:rds-db:${rules.region}:${rules.account}:dbuser:${rules.resourceId}/${user}`
  const { allowed, reason } = rules.evaluate(keys.sender, { action: 'rds-db:connect', resource })
  return allowed ? undefined : { by: keys.name, reason: `AWS denies rds-db:connect on ${resource}: ${reason}` }
}
