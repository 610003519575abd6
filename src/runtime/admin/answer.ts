import { gzipSync } from 'node:zlib'
import { Problem } from '../../domain/problem.ts'
import { protocolVersion, type RemoteAnswer, sentProblem } from '../../registry/index.ts'

/** What a Function URL takes back. */
export interface UrlResponse {
  readonly statusCode: 200
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Lambda gives back 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); the rest is for what is around the body. */
const maxBytes = 6 * 1024 * 1024 - 4096
/** Below this, packing saves nothing that anyone would notice. */
const packFrom = 16 * 1024

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

function plain(answer: RemoteAnswer): UrlResponse {
  return { statusCode: 200, headers: json, body: JSON.stringify(answer), isBase64Encoded: false }
}

/** An error for the caller. The status is 200 for all of ours, so that whatever else comes is AWS's own word. */
export function problemAnswer(problem: Problem): UrlResponse {
  return plain({ apigw: protocolVersion, problem: sentProblem(problem) })
}

/** A result, packed where it is large: a list of 100,000 customers is 15 MB, and some 2 MB when packed. */
export function resultAnswer(result: unknown, packs: boolean): UrlResponse {
  const answer = plain({ apigw: protocolVersion, result })
  if (answer.body.length < packFrom) return answer
  if (packs) {
    const body = gzipSync(answer.body).toString('base64')
    if (body.length <= maxBytes) {
      return { statusCode: 200, headers: { ...json, 'content-encoding': 'gzip' }, body, isBase64Encoded: true }
    }
  }
  // As a string in JSON it is longer than by itself.
  else if (Buffer.byteLength(JSON.stringify(answer.body)) <= maxBytes) return answer
  return problemAnswer(
    new Problem('body-too-large', 'The answer is larger than Lambda gives back (6 MB).', {
      next: 'run it inside the network, with the registry at rediss://…',
    }),
  )
}
