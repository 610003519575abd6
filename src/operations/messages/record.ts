import { messageIdPattern } from '../../domain/ids.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { withoutQuery } from '../../domain/webhook.ts'
import type { Ledger, MessageRecord, Owner } from '../../runtime/ports/index.ts'

/** @throws Problem `input-invalid` where the text is not an id */
export function foundMessage(ledger: Ledger, owner: Owner, id: string): Promise<MessageRecord | undefined> {
  if (messageIdPattern.test(id)) return ledger.message(owner, id)
  throw new Problem('input-invalid', 'This is not the id of a message: ids have 26 digits and capital letters.', {
    next: step`find it by what you know: ${apigw('message find', owner.customer, '--ref', 'REF')}`,
  })
}

/** All that is known of a message, for a reader or a program. Absent facts are `null`. */
export function shownRecord(
  { customer, environment }: Owner,
  { id, ref, callback, facts, noted, outcome, erasedAt }: MessageRecord,
) {
  const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())
  const now = outcome ?? noted
  return {
    customer,
    environment,
    id,
    ref: ref ?? null,
    status: now?.status ?? null,
    code: outcome?.code ?? null,
    channel: outcome?.channel ?? null,
    at: iso(now?.at),
    acceptedAt: iso(facts.acceptedAt),
    sendAt: iso(facts.sendAt),
    notedAt: iso(noted?.at),
    type: facts.type ?? null,
    purpose: facts.purpose ?? null,
    units: facts.units ?? null,
    queue: facts.queue ?? null,
    callback: callback === undefined ? null : withoutQuery(callback),
    erasedAt: iso(erasedAt),
  }
}
