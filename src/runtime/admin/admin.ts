import * as z from 'zod'
import { maxCustomerIdLength } from '../../domain/names.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { isMethod, type OperatorRegistry, protocolVersion } from '../../registry/index.ts'
import { errorFields } from '../process.ts'
import { problemAnswer, resultAnswer, type UrlResponse } from './answer.ts'
import { type Caller, callerOf, type Invocation, readEvent, type UrlEvent } from './caller.ts'
import { callMethod } from './methods.ts'

export interface AdminParts {
  /**
   * Opens the registry for one request. Lambda freezes a function between two requests, and a frozen connection may have been
   * cut off silently. A change sent over it would have an unknown outcome.
   */
  open(): Promise<OperatorRegistry>
  readonly now: () => number
  log(event: string, fields: Readonly<Record<string, unknown>>): void
  /** See `callerOf`. */
  readonly trusting?: boolean
}

export type AdminHandler = (event: unknown, invocation: Invocation) => Promise<UrlResponse>

const requestSchema = z.object({ apigw: z.number(), method: z.string().max(100), params: z.unknown() })
type Request = z.infer<typeof requestSchema>

/** The fields of the parameters that the log names, whatever else they hold. */
const optionalText = z.string().optional().catch(undefined)
const loggedParams = z
  .object({
    customer: optionalText,
    change: z.object({ customer: optionalText, kind: optionalText }).optional().catch(undefined),
  })
  .catch({})

/** @throws Problem `invalid-request`, `version-mismatch` */
function requestOf({ body = '', isBase64Encoded }: UrlEvent): Request {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('invalid-request', 'The body is not JSON.')
  }
  const parsed = requestSchema.safeParse(value)
  if (!parsed.success) throw new Problem('invalid-request', 'The body is not a request of apigw.')
  if (parsed.data.apigw === protocolVersion) return parsed.data
  throw new Problem(
    'version-mismatch',
    `The function uses protocol version ${protocolVersion}. This command uses version ${parsed.data.apigw}.`,
    { next: step`install the same version of both: npm install --global apigw, then ${apigw('deploy', 'admin')}` },
  )
}

/** The customer and the kind of change in a request, for the log. */
function loggedFields(params: unknown): { readonly customer: string | undefined; readonly change?: string } {
  const { customer, change } = loggedParams.parse(params)
  return {
    customer: (customer ?? change?.customer)?.slice(0, maxCustomerIdLength),
    ...(change?.kind !== undefined && { change: change.kind.slice(0, 40) }),
  }
}

/**
 * Serves the registry to callers that AWS authenticated, one method per request. Every request is logged; every change is also
 * recorded in the audit log. Both name the caller by ARN, and neither contains text chosen by the caller.
 */
export function createAdmin({ open, now, log, trusting = false }: AdminParts): AdminHandler {
  async function serve(request: Request, caller: Caller): Promise<unknown> {
    const { method, params } = request
    if (!isMethod(method)) {
      throw new Problem('invalid-request', `The function has no method "${method.slice(0, 40)}".`, {
        next: step`install the same version of command and function: ${apigw('deploy', 'admin')}`,
      })
    }
    const registry = await open()
    try {
      return await callMethod(method, params, registry, caller)
    } finally {
      await registry.close()
    }
  }

  return async (value, invocation) => {
    const began = now()
    const id = invocation.awsRequestId
    let context: Record<string, unknown> = { id }
    const done = (code: string): void => log('admin', { ...context, code, milliseconds: now() - began })
    try {
      const event = readEvent(value)
      const caller = callerOf(event, invocation, trusting)
      context = { ...context, who: caller.arn, from: caller.address }
      const request = requestOf(event)
      context = { ...context, method: request.method, ...loggedFields(request.params) }
      const result = await serve(request, caller)
      done('ok')
      return resultAnswer(result, /\bgzip\b/.test(event.headers['accept-encoding'] ?? ''))
    } catch (error) {
      if (error instanceof Problem) {
        done(error.code)
        return problemAnswer(error)
      }
      log('failed', { ...context, ...errorFields(error) })
      return problemAnswer(
        new Problem('internal-error', `Something went wrong inside the function (request ${id}).`, {
          next: step`check the log of the function: ${apigw('logs', 'admin')}`,
        }),
      )
    }
  }
}
