import { randomId } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import type { OpenRegistry } from '../../registry/index.ts'
import { frozenSince } from '../frozen.ts'
import { numberFrom } from '../process.ts'
import { openGateway } from './environment.ts'
import type { Gateway } from './http/http.ts'
import { problemResponse } from './http/http.ts'
import { type AdaptOptions, type LambdaResponse, requestFrom, responseFor } from './http/lambda/adapt.ts'
import { gatewayEvent } from './http/lambda/events.ts'
import { observe } from './observe.ts'

/** What Lambda says of an invocation, as far as it matters here. */
interface LambdaContext {
  getRemainingTimeInMillis?(): number
}

type Handler = (event: unknown, context?: LambdaContext) => Promise<LambdaResponse>

/** API Gateway waits for 29 seconds, whatever time the function has (its quota "maximum integration timeout"). */
const frontWaitsMs = 29_000
const answerMs = 500

/** Milliseconds for which an answer can still reach the caller. */
function timeLeft(context: LambdaContext | undefined): number {
  const remaining = context?.getRemainingTimeInMillis?.() ?? frontWaitsMs
  return Math.max(0, Math.min(remaining, frontWaitsMs) - answerMs)
}

/** A handler for events of API Gateway and of load balancers, over any gateway. */
export function handlerOf(gateway: Gateway, options: AdaptOptions): Handler {
  return async (value, context) => {
    const event = gatewayEvent(value)
    const request = requestFrom(event, options)
    const maxBytes = gateway.maxBodyBytes(request.method, request.target)
    if (request.body.byteLength > maxBytes) {
      const problem = new Problem('body-too-large', `The body has more than ${maxBytes} bytes.`)
      return responseFor(event, problemResponse(problem, randomId()))
    }
    const answer = await gateway.handle({ ...request, signal: AbortSignal.timeout(timeLeft(context)) })
    if (answer.cut) throw new Error('The connection is cut here, as this number of the test environment asks for.')
    return responseFor(event, answer)
  }
}

interface OpenedHandler {
  readonly handle: Handler
  readonly revive: () => Promise<void>
}

async function openHandler(openRegistry: OpenRegistry): Promise<OpenedHandler> {
  const { gateway, registry } = await openGateway(observe, openRegistry)
  const trustedProxies = numberFrom('APIGW_TRUSTED_PROXIES', 0)
  return { handle: handlerOf(gateway, { trustedProxies }), revive: () => registry.revive() }
}

/**
 * What Lambda calls. Nothing is opened before the first event: to be loaded must cost nothing. An admission must not be
 * sent twice, so connections are proved before the first event after a freeze, and that event is not tried again.
 */
export function lambdaHandler(openRegistry: OpenRegistry): Handler {
  let opened: Promise<OpenedHandler> | undefined
  const frozen = frozenSince()
  return async (event, context) => {
    opened ??= openHandler(openRegistry)
    try {
      const { handle, revive } = await opened
      if (frozen.begin()) await revive()
      return await handle(event, context)
    } catch (error) {
      // What could not be opened is tried again by the next event.
      await opened.catch(() => {
        opened = undefined
      })
      throw error
    } finally {
      frozen.end()
    }
  }
}
