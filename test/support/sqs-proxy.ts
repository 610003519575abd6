import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Gate, gate } from './until.ts'

/** A fault that replaces the normal handling of a call. */
export type Fault =
  /** Not passed on; answered with this status. */
  | { readonly kind: 'status'; readonly status: number }
  /** Not passed on; the connection is cut. */
  | { readonly kind: 'cut' }
  /** Passed on, so SQS has performed it; the connection is cut before the answer. */
  | { readonly kind: 'cut-answer' }
  /** Passed on; the answer waits for the gate. */
  | { readonly kind: 'hold-answer'; readonly gate: Gate }
  /** Passed on without the entry at this index, which is answered as failed. */
  | { readonly kind: 'refuse-entry'; readonly at: number }
  /** Passed on only when the gate opens. */
  | { readonly kind: 'hold'; readonly gate: Gate }

export interface SqsProxy {
  readonly endpoint: string
  /** Number of requests per action. */
  readonly seen: ReadonlyMap<string, number>
  /** From now on, calls of this action get a fault; `undefined` ends it. */
  fail(action: string, fault: Fault | undefined): void
  /** Holds this action. `arrived` resolves with the first held call. */
  hold(action: string, where: 'hold' | 'hold-answer'): { readonly arrived: Promise<void>; release(): void }
  close(): Promise<void>
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

function passOn(port: number, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = incoming
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
      const type = answer.headers['content-type'] ?? 'application/x-amz-json-1.0'
      bodyOf(answer).then((bytes) => resolve({ status: answer.statusCode ?? 500, type, body: bytes }), reject)
    })
    outgoing.on('error', reject).end(body)
  })
}

async function withoutEntry(port: number, incoming: IncomingMessage, body: Buffer, at: number): Promise<Answer> {
  const request: { Entries: { Id: string }[] } = JSON.parse(body.toString())
  const refused = request.Entries.filter((_, place) => place === at)
  const rest = Buffer.from(JSON.stringify({ ...request, Entries: request.Entries.filter((_, place) => place !== at) }))
  incoming.headers['content-length'] = String(rest.length)
  const answer = await passOn(port, incoming, rest)
  const Failed = refused.map(({ Id }) => ({ Id, Code: 'InternalError', Message: 'try again', SenderFault: false }))
  return { ...answer, body: Buffer.from(JSON.stringify({ ...JSON.parse(answer.body.toString()), Failed })) }
}

/** A proxy for SQS that injects network faults. */
export async function startSqsProxy(port: number): Promise<SqsProxy> {
  const faults = new Map<string, Fault>()
  const arrivals = new Map<string, Gate>()
  const seen = new Map<string, number>()

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming)
    const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '')
    seen.set(action, (seen.get(action) ?? 0) + 1)
    const fault = faults.get(action)
    if (fault?.kind === 'cut') return void response.destroy()
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end('{}')
    if (fault?.kind === 'hold') {
      arrivals.get(action)?.open()
      await fault.gate.opened
    }
    const answer =
      fault?.kind === 'refuse-entry' ? await withoutEntry(port, incoming, body, fault.at) : await passOn(port, incoming, body)
    if (fault?.kind === 'cut-answer') return void response.destroy()
    if (fault?.kind === 'hold-answer') {
      arrivals.get(action)?.open()
      await fault.gate.opened
    }
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fail: (action, fault) => {
      if (fault === undefined) faults.delete(action)
      else faults.set(action, fault)
    },
    hold: (action, kind) => {
      const held = gate()
      const arrival = gate()
      faults.set(action, { kind, gate: held })
      arrivals.set(action, arrival)
      return {
        arrived: arrival.opened,
        release: () => {
          faults.delete(action)
          held.open()
        },
      }
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
