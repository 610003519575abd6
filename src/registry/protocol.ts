import type { OpenReservations, Usage } from '../domain/admission.ts'
import type { Credential } from '../domain/credential.ts'
import type { Customer } from '../domain/customer.ts'
import type { Environment } from '../domain/names.ts'
import { isNextStep } from '../domain/next-step.ts'
import { type FieldError, Problem, type ProblemCode, problemTable } from '../domain/problem.ts'
import type { Changed } from './changes/carry-out.ts'
import type { Change } from './changes/change.ts'
import type { HistoryEntry, RegistryHealth, StoredDocument, StoredProfile } from './registry.ts'

/**
 * What a command and the function that serves the registry say to each other: one request, one answer, both JSON. `remote/`
 * speaks it here, `runtime/admin/` there.
 *
 * Raised whenever an older side would misread a newer one.
 */
export const protocolVersion = 2

/**
 * Lambda takes 6 MB of event, and the request is a string in it, whose quotes are escaped
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
export const maxRequestBytes = 4 * 1024 * 1024

/**
 * What an operator may ask, by name, because JSON has no `undefined` to stand at a position. There is no way to send a whole
 * document, a line of the audit log or a reservation: the function would have to believe it.
 */
export interface Calls {
  usage: { params: { customer: string; environment: Environment }; result: { usage: Usage; now: number } }
  open: { params: { customer: string; environment: Environment }; result: OpenReservations }
  credential: { params: { customer: string; keyId: string }; result: Credential | undefined }
  profile: { params: { customer: string }; result: StoredProfile | undefined }
  customers: { params: Record<never, never>; result: Customer[] }
  history: { params: { customer?: string; most: number }; result: HistoryEntry[] }
  document: { params: { name: string }; result: StoredDocument | undefined }
  change: { params: { change: Change }; result: Changed }
  health: { params: Record<never, never>; result: RegistryHealth }
}
export type Method = keyof Calls

/** Whether asking twice is not the same as asking once. */
export function changes(method: Method): boolean {
  return method === 'change'
}

export interface RemoteRequest<M extends Method = Method> {
  readonly apigw: number
  readonly method: M
  readonly params: Calls[M]['params']
}

/** A problem on its way to whoever caused it: never a stack, never a cause. */
export interface SentProblem {
  readonly code: string
  readonly message: string
  readonly next?: string
  /** `next` as data, where it has commands. An older function sends none. */
  readonly step?: unknown
  readonly errors?: readonly FieldError[]
  readonly extensions?: Readonly<Record<string, unknown>>
  readonly retryAfterMs?: number
}

export type RemoteAnswer =
  | { readonly apigw: number; readonly result?: unknown }
  | { readonly apigw: number; readonly problem: SentProblem }

export function sentProblem({ code, message, next, step, errors, extensions, retryAfterMs }: Problem): SentProblem {
  return {
    code,
    message,
    ...(next !== undefined && { next }),
    ...(step !== undefined && typeof step !== 'string' && { step }),
    ...(errors !== undefined && { errors }),
    ...(extensions !== undefined && { extensions }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

function isCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemTable, code)
}

/** The problem that was sent. A code that a newer function has and we do not is still told in its words. */
export function receivedProblem({ code, message, next, step, ...options }: SentProblem): Problem {
  const shown = isNextStep(step) ? step : next
  return new Problem(isCode(code) ? code : 'function-failed', message, {
    ...options,
    ...(shown !== undefined && { next: shown }),
  })
}
