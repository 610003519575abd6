import { connect } from 'node:net'

/** An answer of the gateway, including its body. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; an empty object without a body. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes are sent unchanged, anything else as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

function bodyOf(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || typeof body === 'string') return body
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
}

export async function ask(url: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, signal } = asked
  const body = bodyOf(asked.body)
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }), ...(signal && { signal }) })
  return answerOf(response.status, response.headers, await response.text())
}

function answerOf(status: number, headers: Headers, text: string): Answer {
  return { status, headers, text, body: text === '' ? {} : JSON.parse(text) }
}

/** Sends bytes over a plain socket and returns everything received until the server closed or went silent. */
export function exchange(port: number, bytes: string | Uint8Array, quietMs = 5_000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(quietMs, () => socket.destroy())
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

/** The only answer in the result of `exchange`. */
export function parsedAnswer(text: string): Answer {
  const split = text.indexOf('\r\n\r\n')
  const [start = '', ...lines] = text.slice(0, split).split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  return answerOf(Number(start.split(' ')[1]), headers, text.slice(split + 4))
}
