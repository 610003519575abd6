import type { GatewayClient } from '../../client/index.ts'
import { rememberMs } from '../../domain/admission.ts'
import type { Decided } from './decide-answer.ts'
import type { JournalBatch, JournalMessage, JournalRow } from './journal.ts'

const lookupRows = 100

/**
 * Until when a call may be repeated, in milliseconds since 1970: while each of its messages may still be sent, and while gateway and
 * worker remember them. A `ttl` counts from the acceptance, so a call that is accepted late would be delivered late.
 */
export function repeatableUntil({ createdAt, messages }: JournalBatch): number {
  const ttls = messages.map(({ request }) => (typeof request.ttl === 'number' ? request.ttl * 1000 : rememberMs))
  return createdAt + Math.min(rememberMs, ...ttls)
}

/** Which messages the gateway has, by their keys. @returns why it does not say, or the ids */
export async function lookUp(
  gateway: GatewayClient,
  messages: readonly JournalMessage[],
  signal?: AbortSignal,
): Promise<{ readonly why: string } | ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const asked = messages.flatMap(({ messageKey, request }) => {
    const id = gateway.idOf(request)
    return id === undefined ? [] : [{ messageKey, id }]
  })
  for (let from = 0; from < asked.length; from += lookupRows) {
    const some = asked.slice(from, from + lookupRows)
    const answer = await gateway.lookup(
      some.map(({ id }) => id),
      signal,
    )
    if (answer.kind !== 'found') return { why: answer.kind === 'unclear' ? answer.why : `${answer.code}: ${answer.detail}` }
    const known = new Set(answer.messages.map(({ id }) => id))
    for (const { messageKey, id } of some) if (known.has(id)) found.set(messageKey, id)
  }
  return found
}

/**
 * What becomes of a call that must not be repeated any longer. One that was never made puts its rows back, where their age decides.
 * Of any other the gateway is asked what it has; what it does not have ends as unknown, because it may be on its way.
 * @param at the database's clock
 */
export async function concludeStale(
  batch: JournalBatch,
  gateway: GatewayClient,
  at: number,
  signal?: AbortSignal,
): Promise<Decided> {
  const { table, messages, attempts } = batch
  const row = ({ key, messageKey }: JournalMessage) => ({ table, key, messageKey, at })
  if (attempts === 0) {
    const outcomes = messages.map((message): JournalRow => ({ ...row(message), state: 'ready', code: 'not-sent' }))
    return { kind: 'over', outcomes, next: [], failures: [] }
  }
  const found = await lookUp(gateway, messages, signal)
  if ('why' in found) return { kind: 'repeat', why: found.why }
  const outcomes = messages.map((message): JournalRow => {
    const id = found.get(message.messageKey)
    return id === undefined
      ? { ...row(message), state: 'unknown', code: 'no-answer' }
      : { ...row(message), state: 'accepted', id }
  })
  const failures = outcomes.flatMap(({ state }) =>
    state === 'unknown' ? [{ code: 'no-answer', detail: 'the call had no answer for longer than the message may be sent' }] : [],
  )
  return { kind: 'over', outcomes, next: [], failures }
}
