import * as z from 'zod'
import { isNextStep } from '../domain/next-step.ts'
import { isProblemCode, Problem } from '../domain/problem.ts'

/**
 * The protocol between a command (`remote/`) and the function that serves the registry (`runtime/admin/`): one request, one
 * answer, both JSON. `operator-methods.ts` lists the methods.
 *
 * Raise the version whenever an older side would misread a newer one.
 */
export const protocolVersion = 2

/**
 * Lambda accepts an event of 6 MB, and the request is a string in it, with its quotes escaped
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
export const maxRequestBytes = 4 * 1024 * 1024

/** A request to the function that serves the registry. */
export interface RemoteRequest {
  readonly apigw: number
  readonly method: string
  readonly params: object
}

const sentProblemSchema = z.object({
  code: z.string(),
  message: z.string(),
  next: z.string().exactOptional(),
  /** `next` as data, if it has commands. An older function sends none. */
  step: z.unknown().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).exactOptional(),
  extensions: z.record(z.string(), z.unknown()).exactOptional(),
  retryAfterMs: z.number().exactOptional(),
})
/** A problem as it is sent to the caller: without stack and cause. */
export type SentProblem = Readonly<z.infer<typeof sentProblemSchema>>

export const remoteAnswer = z.union([
  z.object({ apigw: z.number(), problem: sentProblemSchema }),
  z.object({ apigw: z.number(), result: z.unknown().optional(), problem: z.undefined().optional() }),
])
export type RemoteAnswer = z.infer<typeof remoteAnswer>

export function sentProblem({ code, message, next, step, errors, extensions, retryAfterMs }: Problem): SentProblem {
  return {
    code,
    message,
    ...(next !== undefined && { next }),
    ...(step !== undefined && typeof step !== 'string' && { step }),
    ...(errors !== undefined && { errors: [...errors] }),
    ...(extensions !== undefined && { extensions }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/** The problem that was sent. A code that this version does not know keeps its message. */
export function receivedProblem({ code, message, next, step, ...options }: SentProblem): Problem {
  const nextStep = isNextStep(step) ? step : next
  return new Problem(isProblemCode(code) ? code : 'function-failed', message, {
    ...options,
    ...(nextStep !== undefined && { next: nextStep }),
  })
}
