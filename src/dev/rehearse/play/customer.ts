import type { Fetch } from '../../../client/index.ts'
import { callerAddress, type RehearsedStage } from '../stage/stage.ts'

/** Sends a customer's calls to the front door of a rehearsed stage. */
export function fetchThrough(stage: RehearsedStage): Fetch {
  return async (url, { method, headers, body }) => {
    const call = {
      method,
      target: `${url.pathname}${url.search}`,
      headers: { ...lowered(headers), host: url.host },
      body: Buffer.from(body ?? []),
      address: callerAddress,
    }
    const answer = await stage.call(call)
    const found = lowered(answer.headers)
    return {
      status: answer.status,
      headers: { get: (name) => found[name.toLowerCase()] ?? null },
      body: chunks(answer.body),
    }
  }
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

async function* chunks(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body
}
