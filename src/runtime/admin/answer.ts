import { gzipSync } from 'node:zlib'
import { Problem } from '../../domain/problem.ts'
import { protocolVersion, type RemoteAnswer, sentProblem } from '../../registry/index.ts'

/** The response of a Function URL. */
export interface UrlResponse {
  readonly statusCode: 200
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Lambda returns up to 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), with room for the envelope. */
const maxBytes = 6 * 1024 * 1024 - 4096
/** Smaller answers are not compressed. */
const compressFrom = 16 * 1024

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

function plain(answer: RemoteAnswer): UrlResponse {
  return { statusCode: 200, headers: json, body: JSON.stringify(answer), isBase64Encoded: false }
}

/** An error for the caller. The function always answers 200, so any other status comes from AWS. */
export function problemAnswer(problem: Problem): UrlResponse {
  return plain({ apigw: protocolVersion, problem: sentProblem(problem) })
}

/** A result, compressed if it is large: a list of 100,000 customers has 15 MB, and about 2 MB compressed. */
export function resultAnswer(result: unknown, acceptsGzip: boolean): UrlResponse {
  const answer = plain({ apigw: protocolVersion, result })
  if (answer.body.length < compressFrom) return answer
  if (acceptsGzip) {
    const body = gzipSync(answer.body).toString('base64')
    if (body.length <= maxBytes) {
      return { statusCode: 200, headers: { ...json, 'content-encoding': 'gzip' }, body, isBase64Encoded: true }
    }
  }
  // Lambda escapes the body as a JSON string, which makes it longer.
  else if (Buffer.byteLength(JSON.stringify(answer.body)) <= maxBytes) return answer
  return problemAnswer(
    new Problem('body-too-large', 'The answer is larger than Lambda can return (6 MB).', {
      next: 'run the command inside the network, with the registry at rediss://…',
    }),
  )
}
