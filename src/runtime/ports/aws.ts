import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import * as z from 'zod'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Milliseconds since 1970; absent: they do not expire. */
  readonly expiresAt?: number
}

export interface AwsOptions {
  /** The endpoint of an emulator; absent: AWS. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Absent: the credentials of the environment or the container, as on Lambda and ECS. */
  readonly credentials?: (() => Promise<AwsCredentials>) | undefined
  /** Whether the endpoint is an emulator, which does not check credentials. Absent: every custom endpoint is. */
  readonly emulated?: boolean
}

export interface AskOptions {
  /** Timeout of one attempt. */
  readonly tryMs?: number
  /** The maximum number of attempts. */
  readonly tries?: number
  readonly signal?: AbortSignal | undefined
}

/** An error response of an AWS service. `name` is the AWS error code. */
export class AwsError extends Error {
  readonly status: number
  /** Whether AWS may have processed the request anyway. */
  readonly unknown: boolean

  constructor(name: string, message: string, status: number, options: { cause?: unknown; unknown?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = name
    this.status = status
    this.unknown = options.unknown ?? false
  }
}

/** The AWS services that deployed code calls. */
export type Service = 'sqs' | 'dynamodb' | 's3' | 'logs' | 'secretsmanager' | 'sns' | 'wafv2' | 'ec2' | 'lambda'

const answerSchema = z.record(z.string(), z.unknown())
const optionalText = z.string().optional().catch(undefined)
const errorBody = z.object({ __type: optionalText, message: optionalText, Message: optionalText })

/** An emulator checks no credentials. */
const emulatorCredentials: AwsCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const refreshBeforeMs = 300_000
const firstPauseMs = 50

/**
 * Errors after which AWS asks to try again
 * (https://docs.aws.amazon.com/general/latest/gr/api-retries.html).
 */
const passing =
  /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalServerError|InternalError|RequestTimeout/

const containerAnswer = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string().optional(),
  Expiration: z.iso.datetime({ offset: true }).optional(),
})

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
async function containerCredentials(env: NodeJS.ProcessEnv): Promise<AwsCredentials> {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = env
  const url = relative ? `http://169.254.170.2${relative}` : full
  if (!url) throw new AwsError('CredentialsMissing', 'The environment has no AWS credentials', 0)
  const tokenFile = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  const token = tokenFile ? readFileSync(tokenFile, 'utf8').trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN
  const response = await fetch(url, { headers: token ? { authorization: token } : {}, signal: AbortSignal.timeout(2_000) })
  const { data } = containerAnswer.safeParse(await response.json())
  if (data === undefined) {
    throw new AwsError('CredentialsMissing', `The container returned no credentials (${response.status})`, response.status)
  }
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration } = data
  return { accessKeyId, secretAccessKey, sessionToken, ...(Expiration !== undefined && { expiresAt: Date.parse(Expiration) }) }
}

/** The credentials of the environment or the container. @throws AwsError `CredentialsMissing` */
export async function ambientCredentials(): Promise<AwsCredentials> {
  const { env } = process
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken }
  return containerCredentials(env)
}

/** Keeps credentials until shortly before they expire; calls at the same time share one look-up. */
function remembered(load: () => Promise<AwsCredentials>): () => Promise<AwsCredentials> {
  let known: Promise<AwsCredentials> | undefined
  return async () => {
    known ??= load()
    try {
      const found = await known
      if (found.expiresAt === undefined || found.expiresAt - Date.now() > refreshBeforeMs) return found
    } catch (error) {
      known = undefined
      throw error
    }
    known = load()
    return known
  }
}

/**
 * A client for one AWS service: signs, sends, tries again. The SDK does the same in ten times the bytes and twice the
 * start-up time of a whole Lambda (docs/decisions).
 */
export class AwsClient {
  readonly #service: string
  readonly #region: string
  readonly #endpoint: string
  readonly #credentials: () => Promise<AwsCredentials>
  readonly #signingKeys = new Map<string, ArrayBuffer>()

  constructor(service: Service, options: AwsOptions) {
    this.#service = service
    this.#region = options.region ?? process.env.AWS_REGION ?? 'ap-northeast-2'
    this.#endpoint = (options.endpoint ?? `https://${service}.${this.#region}.amazonaws.com`).replace(/\/$/, '')
    this.#credentials = remembered(
      options.credentials ??
        ((options.emulated ?? options.endpoint !== undefined) ? async () => emulatorCredentials : ambientCredentials),
    )
  }

  /** The URL of the service. */
  get endpoint(): string {
    return this.#endpoint
  }

  /**
   * Calls an action of AWS's JSON protocol.
   * @param target such as `AmazonSQS.SendMessage`
   * @throws AwsError
   */
  async call(target: string, body: object, options: AskOptions = {}): Promise<Record<string, unknown>> {
    const version = this.#service === 'sqs' || this.#service === 'dynamodb' ? '1.0' : '1.1'
    const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target }
    const response = await this.request('POST', '/', { headers, body: JSON.stringify(body) }, options)
    const text = await response.text()
    return text === '' ? {} : answerSchema.parse(JSON.parse(text))
  }

  /**
   * Sends a request and gives back an answer of status 2xx (or 404, where `missing` allows it).
   * @throws AwsError
   */
  async request(
    method: string,
    path: string,
    content: { headers?: Record<string, string>; body?: string | Uint8Array; missing?: boolean } = {},
    options: AskOptions = {},
  ): Promise<Response> {
    const { tries = 3 } = options
    for (let round = 1; ; round++) {
      try {
        return await this.#once(method, path, content, options)
      } catch (error) {
        if (round >= tries || options.signal?.aborted || !(error instanceof AwsError) || !passes(error)) throw error
        await sleep(Math.random() * firstPauseMs * 2 ** round)
      }
    }
  }

  async #once(
    method: string,
    path: string,
    content: { headers?: Record<string, string>; body?: string | Uint8Array; missing?: boolean },
    { tryMs = 2_500, signal }: AskOptions,
  ): Promise<Response> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials()
    const body =
      content.body === undefined ? undefined : typeof content.body === 'string' ? content.body : Buffer.from(content.body)
    const signer = new AwsV4Signer({
      method,
      url: `${this.#endpoint}${path}`,
      headers: content.headers ?? {},
      ...(body !== undefined && { body }),
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: this.#service,
      region: this.#region,
      cache: this.#signingKeys,
    })
    const signed = await signer.sign()
    const late = AbortSignal.timeout(tryMs)
    let response: Response
    try {
      response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        ...(body !== undefined && { body }),
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      })
    } catch (cause) {
      throw new AwsError(late.aborted ? 'TimeoutError' : reasonOf(cause), 'no answer', 0, { cause, unknown: true })
    }
    if (response.ok || (content.missing && response.status === 404)) return response
    throw await errorFrom(response)
  }
}

function passes(error: AwsError): boolean {
  return error.status === 0
    ? error.name !== 'CredentialsMissing'
    : error.status >= 500 || error.status === 429 || passing.test(error.name)
}

/** The network error, which fetch puts into the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'no answer'
}

async function errorFrom(response: Response): Promise<AwsError> {
  const text = await response.text().catch(() => '')
  let type = response.headers.get('x-amzn-errortype') ?? ''
  let message = text.slice(0, 300)
  try {
    const body = errorBody.parse(JSON.parse(text))
    type ||= body.__type ?? ''
    message = body.message ?? body.Message ?? ''
  } catch {
    // S3 answers in XML.
    type ||= /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? ''
    message = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? message
  }
  const name = type.split('#').at(-1)?.split(':')[0] || `HTTP ${response.status}`
  return new AwsError(name, message, response.status, { unknown: response.status >= 500 })
}
