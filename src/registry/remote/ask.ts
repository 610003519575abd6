import { setTimeout as sleep } from 'node:timers/promises'
import { awsProblem, signedPost } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import {
  type Calls,
  changes,
  type Method,
  maxRequestBytes,
  protocolVersion,
  type RemoteAnswer,
  type RemoteRequest,
  receivedProblem,
} from '../protocol.ts'
import type { Found } from './find.ts'

/** A try that brought no answer of the function. */
interface Failed {
  readonly problem: Problem
  /** Whether another try may go better. */
  readonly passing: boolean
  /** Whether the function may have run all the same. */
  readonly mayHaveRun: boolean
}

interface Target extends Found {
  readonly name: string
  readonly tryMs: number
}

const tries = 3
const firstPauseMs = 200

/** What the network says when a request has not even been sent. */
const unsent = /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

function wordOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return error instanceof Error ? error.name : String(error)
}

/** Nothing came back. */
function silence({ name, tryMs }: Target, error: unknown): Failed {
  const word = wordOf(error)
  const late = word === 'TimeoutError'
  const reason = late ? `no answer within ${tryMs / 1000} seconds` : word
  const next = late
    ? step`run it again, and look at the log of the function: ${apigw('logs', 'admin')}`
    : 'check the network, and run it again'
  return {
    problem: new Problem('registry-unavailable', `The function ${name} does not answer: ${reason}.`, { next, cause: error }),
    // Whoever waited that long does not want to wait as long twice more.
    passing: !late,
    mayHaveRun: !unsent.test(word),
  }
}

/** What Lambda says where a caller may not ask: in a header or in the text, and not everywhere by the same name. */
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
    return new Problem('aws-denied', `You lack the right to call the URL of ${name}.`, {
      next: `let an administrator allow ${actions} on the function, as the group of operators has it`,
    })
  }
  const problem = awsProblem(error, { action: 'lambda:InvokeFunctionUrl', region, profile: process.env.AWS_PROFILE })
  return problem instanceof Problem
    ? problem
    : new Problem('aws-refused', `AWS refused the request to ${name}: ${text.slice(0, 300)}`)
}

/** What Lambda answers instead of the function (https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html). */
function refused(target: Target, response: Response, text: string): Failed {
  const { name } = target
  const { status } = response
  const id = response.headers.get('x-amzn-requestid')
  if (status === 429) {
    const problem = new Problem('aws-throttled', `Too many calls run at once, so Lambda did not start ${name}.`, {
      next: 'run it again in a minute',
    })
    return { problem, passing: true, mayHaveRun: false }
  }
  if (status === 413) {
    const problem = new Problem('body-too-large', `That is more than Lambda takes in one request to ${name}.`, {
      next: 'run it inside the network, with the registry at rediss://…',
    })
    return { problem, passing: false, mayHaveRun: false }
  }
  if (status < 500) return { problem: refusal(target, response, text), passing: false, mayHaveRun: false }
  const problem = new Problem(
    'function-failed',
    `The function ${name} failed (${status}${id === null ? '' : `, request ${id}`}).`,
    {
      next: step`see why in its log: ${apigw('logs', 'admin')}`,
    },
  )
  return { problem, passing: true, mayHaveRun: true }
}

function mismatch(name: string, said: unknown): Problem {
  const theirs = typeof said === 'number' ? `speaks version ${said}` : 'does not speak as apigw does'
  return new Problem('version-mismatch', `The function ${name} ${theirs}, and this command speaks version ${protocolVersion}.`, {
    next: step`bring both to the same version: npm install --global apigw, then ${apigw('deploy', 'admin')}`,
  })
}

/** @throws Problem `version-mismatch` for anything but an answer of our version */
function answerFrom({ name }: Target, text: string): RemoteAnswer {
  let said: unknown
  try {
    const answer = JSON.parse(text)
    said = Object(answer).apigw
    if (said === protocolVersion) return answer
  } catch {
    // Whatever answered is no function of ours.
  }
  throw mismatch(name, said)
}

async function once(target: Target, body: string): Promise<RemoteAnswer | Failed> {
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
    return silence(target, error)
  }
  return response.status === 200 ? answerFrom(target, text) : refused(target, response, text)
}

function unknownOutcome<M extends Method>(target: Target, params: Calls[M]['params'], { problem }: Failed): Problem {
  const { change }: { change?: { customer?: string } } = Object(params)
  const id = change?.customer
  return new Problem(
    'outcome-unknown',
    `${problem.message.replace(/\.$/, '')}, so it is not known whether ${target.name} made the change.`,
    {
      next: step`see whether it was made: ${id === undefined ? apigw('customer list') : apigw('customer show', id)}; then run it again if not`,
      cause: problem,
    },
  )
}

/**
 * Calls one method of the registry behind a function. A question is asked up to three times. A change is sent again only
 * where the function certainly did not run: a customer would be added twice, or a key rotated that was rotated just now.
 *
 * @throws Problem the function's own, or `registry-unavailable`, `function-failed`, `outcome-unknown`, `version-mismatch`,
 *   `body-too-large`, `aws-…`
 */
export async function ask<M extends Method>(target: Target, method: M, params: Calls[M]['params']): Promise<Calls[M]['result']> {
  const request: RemoteRequest<M> = { apigw: protocolVersion, method, params }
  const body = JSON.stringify(request)
  if (Buffer.byteLength(body) > maxRequestBytes) {
    throw new Problem(
      'body-too-large',
      `That is ${Buffer.byteLength(body)} bytes, and ${target.name} takes ${maxRequestBytes}.`,
      {
        next: 'run it inside the network, with the registry at rediss://…',
      },
    )
  }
  for (let round = 1; ; round++) {
    const outcome = await once(target, body)
    if ('apigw' in outcome) {
      if ('problem' in outcome) throw receivedProblem(outcome.problem)
      return outcome.result as Calls[M]['result']
    }
    const { problem, passing, mayHaveRun } = outcome
    if (changes(method) && mayHaveRun) throw unknownOutcome(target, params, outcome)
    if (!passing || round >= tries) throw problem
    await sleep(Math.random() * firstPauseMs * 2 ** round)
  }
}
