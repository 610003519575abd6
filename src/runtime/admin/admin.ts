import * as z from 'zod'
import { maxCustomerIdLength } from '../../domain/names.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type OperatorRegistry, protocolVersion } from '../../registry/index.ts'
import { errorFields } from '../process.ts'
import { problemAnswer, resultAnswer, type UrlResponse } from './answer.ts'
import { type Caller, callerOf, type Invocation, readEvent, type UrlEvent } from './caller.ts'
import { call, isMethod } from './methods.ts'

export interface AdminParts {
  /**
   * Opens the registry for one request. Lambda freezes a function between two, and a connection that was frozen is one
   * that may have been cut off without a word; a change on it would be a change of which nobody knows.
   */
  open(): Promise<OperatorRegistry>
  readonly now: () => number
  log(event: string, fields: Readonly<Record<string, unknown>>): void
  /** See `callerOf`. */
  readonly trusting?: boolean
}

export type AdminHandler = (event: unknown, invocation: Invocation) => Promise<UrlResponse>

const request = z.object({ apigw: z.number(), method: z.string().max(100), params: z.unknown() })
type Request = z.infer<typeof request>

/** @throws Problem `invalid-request`, `version-mismatch` */
function requestOf({ body = '', isBase64Encoded }: UrlEvent): Request {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('invalid-request', 'The body is no JSON.')
  }
  const read = request.safeParse(value)
  if (!read.success) throw new Problem('invalid-request', 'The body is no request of apigw.')
  if (read.data.apigw === protocolVersion) return read.data
  throw new Problem(
    'version-mismatch',
    `The function speaks version ${protocolVersion}, and this command speaks version ${read.data.apigw}.`,
    { next: step`bring both to the same version: npm install --global apigw, then ${apigw('deploy', 'admin')}` },
  )
}

/** Whom it is about, for the log. */
function customerIn(params: unknown): string | undefined {
  const { customer, change } = Object(params)
  const id = customer ?? Object(change).customer
  return typeof id === 'string' ? id.slice(0, maxCustomerIdLength) : undefined
}

/** Which change was asked for, for the log. */
function changeIn(params: unknown): { change?: string } {
  const { kind } = Object(Object(params).change)
  return typeof kind === 'string' ? { change: kind.slice(0, 40) } : {}
}

/**
 * Serves the registry to whoever AWS proved, one method a request. Every request leaves a line in the function's log; every
 * change leaves one in the audit log too. Both name the caller by ARN, and neither holds a word of the caller's own choice.
 */
export function createAdmin({ open, now, log, trusting = false }: AdminParts): AdminHandler {
  async function serve(asked: Request, caller: Caller): Promise<unknown> {
    const { method, params } = asked
    if (!isMethod(method)) {
      throw new Problem('invalid-request', `The function has no method "${method.slice(0, 40)}".`, {
        next: step`bring command and function to the same version: ${apigw('deploy', 'admin')}`,
      })
    }
    const registry = await open()
    try {
      return await call(method, params, { registry, caller })
    } finally {
      await registry.close()
    }
  }

  return async (value, invocation) => {
    const began = now()
    const id = invocation.awsRequestId
    let known: Record<string, unknown> = { id }
    const done = (code: string): void => log('admin', { ...known, code, milliseconds: now() - began })
    try {
      const event = readEvent(value)
      const caller = callerOf(event, invocation, trusting)
      known = { ...known, who: caller.arn, from: caller.address }
      const asked = requestOf(event)
      known = { ...known, method: asked.method, customer: customerIn(asked.params), ...changeIn(asked.params) }
      const result = await serve(asked, caller)
      done('ok')
      return resultAnswer(result, /\bgzip\b/.test(event.headers['accept-encoding'] ?? ''))
    } catch (error) {
      if (error instanceof Problem) {
        done(error.code)
        return problemAnswer(error)
      }
      log('failed', { ...known, ...errorFields(error) })
      return problemAnswer(
        new Problem('internal-error', `Something went wrong inside the function (request ${id}).`, {
          next: step`see why in its log: ${apigw('logs', 'admin')}`,
        }),
      )
    }
  }
}
