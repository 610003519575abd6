import { type MessageRequest, textRules } from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { originCodeOf } from '../../../domain/sending.ts'
import { admitPlanned, comparePolicy, type Decided, type OtherPolicy, recall, type Taking } from './admit.ts'
import type { Call } from './call.ts'
import { type Plan, type PlannedSending, plainSending, type Rejection } from './plan.ts'
import type { KnownPolicy } from './policies.ts'
import { decider, hasHours } from './sending.ts'

/** One row of a call, as it would be decided now. */
export interface Checked {
  /** The row as it stands in the call, with its variables in place where it has any. */
  readonly value: unknown
  /** The message that the row asks for; absent where it cannot be read as one. */
  readonly request?: MessageRequest
  /** Why it is not sent. */
  readonly rejection?: Rejection
}

/** How often a call is planned again because the customer's policy was changed in between. */
const maxTurns = 4

/** The rows of a call as they were planned, and what the registry says of them. */
export interface PlannedCall {
  readonly rows: readonly Checked[]
  readonly plan: Plan
  /** Absent: no row can be sent, and no earlier run decided otherwise. */
  readonly admission?: Decided | undefined
}

/** The units of a row of a plan. */
export function unitsOfRow({ sending }: Plan, index: number): number {
  return sending.units.get(index) ?? 1
}

export function unitsOfRows(plan: Plan, rows: Iterable<number>): number {
  return Iterator.from(rows).reduce((sum, index) => sum + unitsOfRow(plan, index), 0)
}

/** The plan of rows that were checked, by what the policy decided about those that can be sent. */
export function planOf({ charset }: Call, rows: readonly Checked[], sending: PlannedSending = plainSending): Plan {
  const sent: number[] = []
  const rejected = new Map<number, Rejection>()
  for (const [index, { rejection }] of rows.entries()) {
    if (rejection === undefined) sent.push(index)
    else rejected.set(index, rejection)
  }
  return { texts: textRules(charset), rows: sent, rejected, sending }
}

/** Decides the rows that are valid by themselves. */
function byPolicy(call: Call, given: readonly Checked[], { policy }: KnownPolicy): Pick<PlannedCall, 'rows' | 'plan'> {
  const decide = decider(policy, call.environment, call.now())
  const units = new Map<number, number>()
  const heldUntil = new Map<number, number>()
  const rows = given.map((row, index): Checked => {
    if (row.rejection !== undefined || row.request === undefined) return row
    const decision = decide(row.request)
    if (decision.kind === 'rejected') return { ...row, rejection: decision.rejection }
    if (decision.units !== 1) units.set(index, decision.units)
    if (decision.heldUntil !== undefined) heldUntil.set(index, decision.heldUntil)
    return row
  })
  const { adNight } = policy
  const originCode = originCodeOf(policy.originCode, call.originCode)?.code
  const hasAds = rows.some(({ request, rejection }) => request !== undefined && rejection === undefined && hasHours(request))
  const sending = { units, heldUntil, ...(hasAds && { adNight }), ...(originCode !== undefined && { originCode }) }
  return { rows, plan: planOf(call, rows, sending) }
}

/** What the record of an earlier run decides about a call of which no row can be sent now. */
async function recalled(call: Call, { idempotency, ...taking }: Taking): Promise<Decided | undefined> {
  return idempotency === undefined ? undefined : recall(call, { ...taking, idempotency })
}

type Take = (plan: Plan) => Taking

/** The registry's word on a plan, or that the customer's policy is a different one. */
async function decided(call: Call, plan: Plan, { version }: KnownPolicy, take: Take): Promise<Decided | OtherPolicy | undefined> {
  if (plan.rows.length > 0) return admitPlanned(call, unitsOfRows(plan, plan.rows), version, take(plan))
  const answer = await comparePolicy(call, version)
  // An earlier run is answered from its record, whatever quota there is now.
  const isCurrent = answer.kind === 'admitted' || (answer.kind === 'refused' && answer.reason === 'quota-missing')
  return isCurrent ? recalled(call, take(plan)) : answer
}

/**
 * Plans the rows of a call with the policy of its customer, and has them admitted. What is planned with is never stale: the registry
 * compares it before it takes anything, and the call is planned again where it was changed.
 * @param take what the call takes for a plan
 * @throws Problem `registry-unavailable` where the policy is changed again and again
 */
export async function planAndAdmit(call: Call, given: readonly Checked[], take: Take): Promise<PlannedCall> {
  if (!given.some(({ rejection }) => rejection === undefined)) {
    const plan = planOf(call, given)
    return { rows: given, plan, admission: await recalled(call, take(plan)) }
  }
  const { customer } = call.caller
  let known = call.policies.of(customer)
  for (let turn = 0; turn < maxTurns; turn += 1) {
    const planned = known === undefined ? undefined : byPolicy(call, given, known)
    const admission =
      known === undefined || planned === undefined
        ? await comparePolicy(call, '')
        : await decided(call, planned.plan, known, take)
    if (admission?.kind === 'policy') known = call.policies.learn(customer, admission)
    else if (planned !== undefined) return { ...planned, admission }
    else if (admission?.kind === 'refused') return { rows: given, plan: planOf(call, given), admission }
    else throw new Error('the registry did not say what the customer may send')
  }
  throw new Problem('registry-unavailable', 'What the customer may send is being changed.', { retryAfterMs: 1000 })
}
