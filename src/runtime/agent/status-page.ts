import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Problem } from '../../domain/problem.ts'
import type { AgentStatus } from './status.ts'

export interface StatusPage {
  readonly port: number
  close(): Promise<void>
}

/** The status is read at most this often, however often the page is: counting rows costs the database. */
const keepMs = 5_000
const timeoutMs = 5_000
const maxConnections = 16
const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(value: unknown): string {
  return String(value).replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '')
}

/** A reason may quote a number of a recipient or a sender: only its last two digits are shown. */
export function masked(text: string): string {
  return text.replaceAll(/\+?\d[\d -]{6,}\d/g, (number) => `${number.replaceAll(/\d/g, '*').slice(0, -2)}${number.slice(-2)}`)
}

function shown({ waitingFor, ...status }: AgentStatus): AgentStatus {
  return { ...status, waitingFor: waitingFor === null ? null : masked(waitingFor) }
}

function row(cells: readonly unknown[], tag = 'td'): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
}

function html({ tables, journal, openCalls, unwritten, waitingFor }: AgentStatus): string {
  const due = tables.map(({ table, due, claimed, oldestMs }) =>
    row([table, due, claimed, oldestMs === null ? '–' : `${Math.round(oldestMs / 1000)} s`]),
  )
  const counts = { ...journal, 'calls without an answer': openCalls, 'results not written yet': unwritten }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>apigw agent</title>
<style>body{font:15px system-ui;margin:2rem}td,th{padding:.2rem .8rem .2rem 0;text-align:left}</style>
<h1>apigw agent</h1>${waitingFor === null ? '' : `<p>${escaped(waitingFor)}</p>`}
<table>${row(['table', 'due', 'claimed', 'oldest due'], 'th')}${due.join('')}</table>
<table>${Object.entries(counts)
    .map((entry) => row(entry))
    .join('')}</table></html>`
}

/** Reads the status once for all that ask within `keepMs`. */
function sharing(read: () => Promise<AgentStatus>): () => Promise<AgentStatus> {
  let last: { readonly at: number; readonly status: Promise<AgentStatus> } | undefined
  return () => {
    if (last === undefined || performance.now() - last.at > keepMs) last = { at: performance.now(), status: read().then(shown) }
    return last.status
  }
}

interface Shown {
  readonly status: number
  readonly type: 'text/html' | 'application/json' | 'text/plain'
  readonly body: string
}

const text = (status: number, body: string): Shown => ({ status, type: 'text/plain', body: `${body}\n` })

async function answer(
  { method, url, headers: { host = '' } }: IncomingMessage,
  read: () => Promise<AgentStatus>,
): Promise<Shown> {
  // A page of another site can lead its own name to 127.0.0.1 (DNS rebinding), and its name is then the host.
  if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host)) return text(421, 'This page answers to localhost only.')
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET is allowed.')
  if (url !== '/' && url !== '/status.json') return text(404, 'There is no such page. Use / or /status.json.')
  try {
    const status = await read()
    return url === '/'
      ? { status: 200, type: 'text/html', body: html(status) }
      : { status: 200, type: 'application/json', body: `${JSON.stringify(status)}\n` }
  } catch (error) {
    return text(503, masked(error instanceof Error ? error.message : String(error)))
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const detail = `The status page cannot listen on ${host}:${port}: ${cause.message}.`
      reject(new Problem('port-in-use', detail, { next: 'choose another port for status in agent.yaml', cause }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })
}

/**
 * Serves the status of the agent on this machine, as a page and as JSON.
 * @param address `127.0.0.1:8126`, `localhost:8126` or `[::1]:8126`
 * @throws Problem `port-in-use`
 */
export async function serveStatus(address: string, read: () => Promise<AgentStatus>): Promise<StatusPage> {
  const shared = sharing(read)
  const server = createServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs, maxHeaderSize: 8_192 })
  server.maxConnections = maxConnections
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const { status, type, body } = await answer(request, shared)
    response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8` })
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  const { hostname, port } = new URL(`http://${address}`)
  // The page must not end the agent.
  server.on('error', () => undefined)
  const bound = await listen(server, hostname.replaceAll(/[[\]]/g, ''), port === '' ? 80 : Number(port))
  return {
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
