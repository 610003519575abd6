import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { awsProblem, signedPost } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Calls, changesSomething, type Method, operatorMethods } from '../operator-methods.ts'
import {
  maxRequestBytes,
  protocolVersion,
  type RemoteAnswer,
  type RemoteRequest,
  receivedProblem,
  remoteAnswer,
} from '../protocol.ts'
import type { FunctionEndpoint } from './find.ts'

/** An attempt without an answer from the function. */
interface FailedAttempt {
  readonly problem: Problem
  /** Whether a retry may succeed. */
  readonly retryable: boolean
  /** Whether the function may have run anyway. */
  readonly mayHaveRun: boolean
}

interface Target extends FunctionEndpoint {
  readonly name: string
  readonly tryMs: number
}

const tries = 3
const firstPauseMs = 200

/** Network errors of a request that was never sent. */
const unsent = /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

function errorCodeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return error instanceof Error ? error.name : String(error)
}

function noAnswer({ name, tryMs }: Target, error: unknown): FailedAttempt {
  const code = errorCodeOf(error)
  const late = code === 'TimeoutError'
  const reason = late ? `no answer within ${tryMs / 1000} seconds` : code
  const next = late
    ? step`run the command again, and check the log of the function: ${apigw('logs', 'admin')}`
    : 'check the network, then run the command again'
  return {
    problem: new Problem('registry-unavailable', `The function ${name} does not answer: ${reason}.`, { next, cause: error }),
    // The user has waited long enough.
    retryable: !late,
    mayHaveRun: !unsent.test(code),
  }
}

/** The name of the error with which Lambda rejects a caller. It is in a header or in the body, and names differ. */
function refusalName(response: Response, text: string): string {
  const [type = ''] = (response.headers.get('x-amzn-errortype') ?? '').split(':')
  if (/security token.*expired|expiredtoken/i.test(text)) return 'ExpiredTokenException'
  if (/security token.*invalid/i.test(text)) return 'UnrecognizedClientException'
  if (/signature/i.test(`${type} ${text}`)) return 'SignatureDoesNotMatch'
  return type || 'AccessDeniedException'
}

function refusal({ name, region }: Target, response: Response, text: string): Problem {
  const error = Object.assign(new Error(text.slice(0, 300)), { name: refusalName(response, text), $metadata: {} })
  if (error.name === 'AccessDeniedException') {
    const actions = 'lambda:InvokeFunctionUrl and lambda:InvokeFunction (with lambda:InvokedViaFunctionUrl)'
    return new Problem('aws-denied', `You are not allowed to call the URL of ${name}.`, {
      next: `ask an administrator for ${actions} on the function, which the operators group of the stage grants`,
    })
  }
  const problem = awsProblem(error, { action: 'lambda:InvokeFunctionUrl', region, profile: process.env.AWS_PROFILE })
  return problem instanceof Problem
    ? problem
    : new Problem('aws-refused', `AWS refused the request to ${name}: ${text.slice(0, 300)}`)
}

/** An error response of Lambda itself (https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html). */
function lambdaError(target: Target, response: Response, text: string): FailedAttempt {
  const { name } = target
  const { status } = response
  const id = response.headers.get('x-amzn-requestid')
  if (status === 429) {
    const problem = new Problem('aws-throttled', `Too many calls are running, so Lambda did not start ${name}.`, {
      next: 'run the command again in a minute',
    })
    return { problem, retryable: true, mayHaveRun: false }
  }
  if (status === 413) {
    const problem = new Problem('body-too-large', `The request is larger than Lambda accepts for ${name}.`, {
      next: 'run the command inside the network, with the registry at rediss://…',
    })
    return { problem, retryable: false, mayHaveRun: false }
  }
  if (status < 500) return { problem: refusal(target, response, text), retryable: false, mayHaveRun: false }
  const problem = new Problem(
    'function-failed',
    `The function ${name} failed (${status}${id === null ? '' : `, request ${id}`}).`,
    {
      next: step`see why in its log: ${apigw('logs', 'admin')}`,
    },
  )
  return { problem, retryable: true, mayHaveRun: true }
}

function versionMismatch(name: string, version: number | undefined): Problem {
  const found = version === undefined ? 'does not speak the protocol of apigw' : `uses protocol version ${version}`
  return new Problem('version-mismatch', `The function ${name} ${found}. This command uses version ${protocolVersion}.`, {
    next: step`install the same version of both: npm install --global apigw, then ${apigw('deploy', 'admin')}`,
  })
}

function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @throws Problem `version-mismatch` for anything but an answer of this protocol version */
function answerFrom({ name }: Target, text: string): RemoteAnswer {
  const { data } = remoteAnswer.safeParse(jsonFrom(text))
  if (data?.apigw === protocolVersion) return data
  throw versionMismatch(name, data?.apigw)
}

async function once(target: Target, body: string): Promise<RemoteAnswer | FailedAttempt> {
  let response: Response
  let text: string
  try {
    response = await signedPost(await target.credentials(), {
      service: 'lambda',
      region: target.region,
      url: target.url,
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(target.tryMs),
    })
    text = await response.text()
  } catch (error) {
    const known = awsProblem(error, { action: 'lambda:InvokeFunctionUrl', region: target.region, profile: undefined })
    if (known instanceof Problem && known.code === 'aws-credentials') throw known
    return noAnswer(target, error)
  }
  return response.status === 200 ? answerFrom(target, text) : lambdaError(target, response, text)
}

const customerOfChange = z.object({ change: z.object({ customer: z.string() }) })

function unknownOutcome(target: Target, params: object, { problem }: FailedAttempt): Problem {
  const id = customerOfChange.safeParse(params).data?.change.customer
  return new Problem(
    'outcome-unknown',
    `${problem.message.replace(/\.$/, '')}, so ${target.name} may or may not have made the change.`,
    {
      next: step`check whether it was made: ${id === undefined ? apigw('customer list') : apigw('customer show', id)}; if not, run the command again`,
      cause: problem,
    },
  )
}

/** @throws Problem `version-mismatch` for a result of another form */
function resultOf<M extends Method>({ name }: Target, method: M, value: unknown): Calls[M]['result'] {
  const { result }: (typeof operatorMethods)[M] = operatorMethods[method]
  const parsed = result.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Problem('version-mismatch', `The function ${name} answered ${method} in a form that this command cannot read.`, {
    next: 'install the same version of both: npm install --global apigw, then apigw deploy admin',
    cause: parsed.error,
  })
}

/**
 * Calls one method of the registry behind a function. A read is tried up to three times. A change is retried only if the
 * function certainly did not run: otherwise a customer could be added twice, or a key rotated twice.
 *
 * @throws Problem the function's own, or `registry-unavailable`, `function-failed`, `outcome-unknown`, `version-mismatch`,
 *   `body-too-large`, `aws-…`
 */
export async function ask<M extends Method>(target: Target, method: M, params: object): Promise<Calls[M]['result']> {
  const request: RemoteRequest = { apigw: protocolVersion, method, params }
  const body = JSON.stringify(request)
  if (Buffer.byteLength(body) > maxRequestBytes) {
    throw new Problem(
      'body-too-large',
      `The request has ${Buffer.byteLength(body)} bytes; ${target.name} accepts up to ${maxRequestBytes}.`,
      {
        next: 'run the command inside the network, with the registry at rediss://…',
      },
    )
  }
  for (let round = 1; ; round++) {
    const outcome = await once(target, body)
    if ('apigw' in outcome) {
      if (outcome.problem !== undefined) throw receivedProblem(outcome.problem)
      return resultOf(target, method, outcome.result)
    }
    const { problem, retryable, mayHaveRun } = outcome
    if (changesSomething(method) && mayHaveRun) throw unknownOutcome(target, params, outcome)
    if (!retryable || round >= tries) throw problem
    await sleep(Math.random() * firstPauseMs * 2 ** round)
  }
}
