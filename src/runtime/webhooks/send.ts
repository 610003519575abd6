import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import { checkedAddress, NotSent, type Resolve, resolveName } from './connect.ts'

/** What is sent once. */
export interface Sending {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The answer, or why there is none. */
export interface Answer {
  /** Absent: there was no answer. */
  readonly status?: number
  readonly retryAfter?: string
  /** Such as `500` or `timeout`. */
  readonly why: string
}

/** Sends once. It does not throw: each failure is an answer. */
export type Send = (sending: Sending) => Promise<Answer>

export interface SenderOptions {
  readonly resolve?: Resolve
  /** Whether endpoints of this machine are allowed. */
  readonly local?: boolean
  /** Of the whole attempt, from the name to the end of the answer. */
  readonly timeoutMs?: number
}

/** Of an answer that nobody needs: what is read so that the connection can be used again. */
const maxAnswerBytes = 4_096
const maxHeaderBytes = 16_384

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function whyNot(error: unknown, late: boolean): string {
  if (late) return 'timeout'
  if (error instanceof NotSent) return error.message
  const code = codeOf(error)
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ALTNAME|EPROTO/.test(code)) return `tls: ${code}`
  return `connection: ${code || 'the answer is not HTTP'}`
}

/**
 * Reads a short answer to its end, and cuts one that is long or late: its status says all that matters.
 * @returns when the connection is free or closed
 */
function drained(response: IncomingMessage): Promise<void> {
  let bytes = 0
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.on('error', () => resolve())
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxAnswerBytes) response.destroy()
    })
  })
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): Answer {
  const retryAfter = headers['retry-after']
  return { status: statusCode, why: String(statusCode), ...(retryAfter !== undefined && { retryAfter }) }
}

/** What sends, and how to close the connections that it keeps. */
export function createSender({ resolve = resolveName, local = false, timeoutMs = 15_000 }: SenderOptions = {}): {
  readonly send: Send
  close(): void
} {
  const kept = { keepAlive: true, maxFreeSockets: 8, maxTotalSockets: 1_000, timeout: timeoutMs }
  const plain = new PlainAgent(kept)
  const tls = new Agent(kept)

  const once = async ({ url, headers, body }: Sending, signal: AbortSignal): Promise<Answer> => {
    const target = new URL(url)
    if (target.protocol !== 'https:' && !local) throw new NotSent('address-not-allowed: the URL is not https')
    const late = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    // The look-up has no signal of its own.
    const host = await Promise.race([checkedAddress(target.hostname, resolve, local), late])
    const name = target.hostname.replace(/^\[|\]$/g, '')
    const options = {
      method: 'POST',
      host,
      port: target.port,
      path: `${target.pathname}${target.search}`,
      headers: { ...headers, host: target.host, 'content-length': String(Buffer.byteLength(body)) },
      maxHeaderSize: maxHeaderBytes,
      signal,
    }
    const response = await new Promise<IncomingMessage>((answered, failed) => {
      const request =
        target.protocol === 'https:'
          ? tlsRequest({ ...options, agent: tls, servername: isIP(name) === 0 ? name : '' })
          : plainRequest({ ...options, agent: plain })
      // Later ones too: a connection that breaks while the answer is cut.
      request.on('error', failed)
      request.once('response', answered)
      request.end(body)
    })
    const answer = answerOf(response)
    await drained(response)
    return answer
  }

  return {
    send: async (sending) => {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        return await once(sending, signal)
      } catch (error) {
        return { why: whyNot(error, signal.aborted) }
      }
    },
    close: () => {
      plain.destroy()
      tls.destroy()
    },
  }
}
