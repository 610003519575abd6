/** A call, as far as the clients here make one. */
export interface FetchRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** The part of a response that the clients here read. */
export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: AsyncIterable<Uint8Array> | null
}

export type Fetch = (url: URL, request: FetchRequest) => Promise<FetchResponse>

export interface NetworkSettings {
  /** `http://proxy.example.com:3128` */
  readonly proxy?: string | undefined
  /** Certificates in PEM that are trusted beside those of Node. */
  readonly ca?: string | undefined
}

/** The variables that name a proxy by custom. */
const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/** The proxy that the environment names, without a password. */
export function environmentProxy(env: NodeJS.ProcessEnv): string | undefined {
  const value = proxyVariables.map((name) => env[name]).find((one) => one !== undefined && one !== '')
  return value === undefined ? undefined : shownProxy(value)
}

function shownProxy(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).origin : 'a proxy whose address is not a URL'
}

/**
 * A `fetch` through a proxy, or with further certificates. Node's own ignores the variables of a proxy, so undici is loaded where
 * one is set (https://undici.nodejs.org/#/docs/api/EnvHttpProxyAgent). An error names the proxy.
 */
export async function fetchWith({ proxy, ca }: NetworkSettings, env: NodeJS.ProcessEnv = process.env): Promise<Fetch> {
  const fromEnvironment = environmentProxy(env)
  if (proxy === undefined && ca === undefined && fromEnvironment === undefined) return fetch
  const [{ Agent, EnvHttpProxyAgent, ProxyAgent, fetch: undiciFetch }, { rootCertificates }] = await Promise.all([
    import('undici'),
    import('node:tls'),
  ])
  const tls = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  const dispatcher =
    proxy !== undefined
      ? new ProxyAgent({ uri: proxy, requestTls: tls, proxyTls: tls })
      : fromEnvironment !== undefined
        ? new EnvHttpProxyAgent({ requestTls: tls, connect: tls })
        : new Agent({ connect: tls })
  const through = proxy === undefined ? fromEnvironment : shownProxy(proxy)
  return async (url, request) => {
    try {
      return await undiciFetch(url, { ...request, dispatcher })
    } catch (cause) {
      if (through === undefined || !(cause instanceof Error) || request.signal.aborted) throw cause
      const inner = cause.cause instanceof Error ? cause.cause.message : cause.message
      throw new Error(`through the proxy ${through}: ${inner}`, { cause })
    }
  }
}
