import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** How Slack answers one post. */
export type SlackAnswer =
  | 'ok'
  | 'hang'
  | 'reset'
  | { readonly status: number; readonly body: string; readonly retryAfter?: string }

export interface LoopbackSlack {
  readonly url: string
  /** Posts that were answered with ok, in order. */
  readonly delivered: Readonly<Record<string, unknown>>[]
  /** All posts. */
  readonly posted: Readonly<Record<string, unknown>>[]
}

function answer(response: ServerResponse, how: SlackAnswer): void {
  if (how === 'hang') return
  if (how === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  if (how === 'ok') {
    response.end('ok')
    return
  }
  response.writeHead(how.status, how.retryAfter === undefined ? {} : { 'retry-after': how.retryAfter }).end(how.body)
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}

/** An emulated incoming webhook. `answers` are given in turn, then `ok`. */
export async function loopbackSlack(answers: SlackAnswer[] = []): Promise<LoopbackSlack> {
  const delivered: Record<string, unknown>[] = []
  const posted: Record<string, unknown>[] = []
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const how = answers.shift() ?? 'ok'
    posted.push(body)
    if (how === 'ok') delivered.push(body)
    answer(response, how)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/secret-part`, delivered, posted }
}
