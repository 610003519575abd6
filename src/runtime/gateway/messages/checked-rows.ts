import { messageRequestIn, sendAtError } from '../../../domain/message.ts'
import { type FieldError, Problem } from '../../../domain/problem.ts'
import { isRecord, recordOf } from '../../../domain/record.ts'
import { resolved } from '../../../domain/template.ts'
import { boundedErrors } from '../http/bounded.ts'
import { fieldErrors } from '../http/input.ts'
import type { Call } from './call.ts'
import { foreignCallbacks } from './callbacks.ts'
import { missingMedia } from './images.ts'
import { optedOut } from './opt-outs.ts'
import type { Rejection } from './plan.ts'
import type { Checked } from './planning.ts'

/** Twice as many as a message has. */
const maxFields = 32

/** @param whole how the row itself is called where no field of it is at fault */
function invalid(errors: readonly FieldError[], whole: string): Pick<Required<Checked>, 'rejection'> {
  const [first] = errors
  const detail = `${first?.pointer || whole}: ${first?.detail ?? 'is not valid'}`
  return { rejection: { code: 'invalid-request', detail, errors } }
}

function checkedRow({ charset, now }: Call, given: unknown, whole: string, maxErrors: number): Checked {
  // Naming each unknown field of each row would take longer than to parse all of them.
  if (isRecord(given) && Object.keys(given).length > maxFields) {
    return { value: given, ...invalid([{ pointer: '', detail: `has more than ${maxFields} fields` }], whole) }
  }
  const filled = resolved(given)
  if (filled.kind === 'wrong') return { value: given, ...invalid(boundedErrors(filled.errors, maxErrors), whole) }
  const { value } = filled
  const result = messageRequestIn(charset).safeParse(value)
  if (!result.success) return { value, ...invalid(boundedErrors(fieldErrors(result.error.issues), maxErrors), whole) }
  const request = result.data
  const detail = sendAtError(request, now())
  return detail === undefined ? { value, request } : { value, request, ...invalid([{ pointer: '/sendAt', detail }], whole) }
}

/**
 * Where the images or the opt-outs cannot be asked about, no message of the call can be sent now; an earlier run may have sent them.
 */
function unchecked(rows: readonly Checked[], error: unknown): Checked[] {
  if (!(error instanceof Problem)) throw error
  const { code, message: detail } = error
  return rows.map((row) => ({ ...row, rejection: { code, detail } }))
}

const optOut: Rejection = {
  code: 'recipient-suppressed',
  detail: '/to: has opted out of your advertising',
  errors: [{ pointer: '/to', detail: 'has opted out of your advertising' }],
}

const notAllowed = 'is at a host that is not allowed for callbacks: ask your provider to allow it'
const foreignCallback: Rejection = {
  code: 'callback-not-allowed',
  detail: `/callback: ${notAllowed}`,
  errors: [{ pointer: '/callback', detail: notAllowed }],
}

/**
 * Rejects what the stores know better: images that are not there, advertisements for those who opted out of them, and callbacks at
 * hosts that are not the customer's.
 */
async function checkedByStores(call: Call, rows: readonly Checked[], whole: string): Promise<readonly Checked[]> {
  const valid = rows.map(({ request, rejection }) => (rejection === undefined ? request : undefined))
  const [missing, suppressed, foreign] = await Promise.all([
    missingMedia(
      call,
      valid.map((request) => request ?? {}),
    ),
    optedOut(
      call,
      valid.filter((request) => request !== undefined),
    ),
    foreignCallbacks(
      call,
      valid.map((request) => request ?? {}),
    ),
  ])
  return rows.map((row, at) => {
    if (missing[at] !== undefined) return { ...row, ...invalid([missing[at]], whole) }
    if (foreign[at]) return { ...row, rejection: foreignCallback }
    const isOut = valid[at]?.purpose === 'ad' && suppressed.has(valid[at].to)
    return isOut ? { ...row, rejection: optOut } : row
  })
}

/**
 * Validates messages against the current rules, one by one.
 * @returns `refusal`: what stands against the whole call, where the images or the opt-outs could not be asked about
 */
export async function checkedRows(
  call: Call,
  values: readonly unknown[],
  { whole = 'the message', maxErrors = 5 } = {},
): Promise<{ readonly rows: readonly Checked[]; readonly refusal?: Problem }> {
  const rows = values.map((value) => checkedRow(call, value, whole, maxErrors))
  try {
    return { rows: await checkedByStores(call, rows, whole) }
  } catch (error) {
    return { rows: unchecked(rows, error), ...(error instanceof Problem && { refusal: error }) }
  }
}

/** The caller's own name for a message, as it stands in the call. */
export function refOf(value: unknown): { readonly ref?: string } {
  const { ref } = recordOf(value)
  return typeof ref === 'string' ? { ref } : {}
}
