import type { Admission } from '../../../domain/admission.ts'
import type { Charset } from '../../../domain/euc-kr.ts'
import type { Environment } from '../../../domain/names.ts'
import type { RecipientKeys } from '../../../domain/recipient-hash.ts'
import type { Registry } from '../../../registry/index.ts'
import type { Ledger, Media } from '../../ports/index.ts'
import type { Tokens } from '../authentication/tokens.ts'
import type { Caller } from '../http/caller.ts'
import type { HttpRequest, HttpResponse } from '../http/http.ts'
import type { CallbackHosts } from './callbacks.ts'
import type { Cursors } from './cursors.ts'
import type { Policies } from './policies.ts'
import type { Publisher } from './publisher.ts'
import type { ReadLimits } from './read-limits.ts'
import type { Settlements } from './settlements.ts'
import type { Thresholds } from './thresholds.ts'

/** What endpoints work with. */
export interface Parts {
  readonly registry: Registry
  readonly publisher: Publisher
  readonly settlements: Settlements
  readonly policies: Policies
  readonly callbackHosts: CallbackHosts
  readonly ledger: Ledger
  readonly media: Media
  readonly tokens: Tokens
  readonly cursors: Cursors
  /** Absent without master keys: then no message is found by its recipient. */
  readonly recipientKeys: RecipientKeys | undefined
  readonly readLimits: ReadLimits
  readonly thresholds: Thresholds
  /** What the carriers' tables hold: which texts are accepted, and how their bytes are counted. */
  readonly charset: Charset
  /** The operator's own code, for customers without one (`originCodeOf`). */
  readonly originCode: string | undefined
  readonly now: () => number
}

/** One authenticated call on its way through the gateway. */
export interface Call extends Parts {
  readonly request: HttpRequest
  readonly requestId: string
  /** Path without query. */
  readonly path: string
  readonly environment: Environment
  readonly caller: Caller
  /** Fires when the client left or the time of the call is over. Reads end then; what was admitted is finished. */
  readonly signal: AbortSignal
  /** Turns a refusal into an answer that says what to do. */
  readonly refuse: (admission: Extract<Admission, { kind: 'refused' }>) => HttpResponse
  /** Whether the gateway is stopping. Long polls should then end. */
  readonly draining: () => boolean
  /** Notes for the log how many units the call took and how long a part of it was waited for. */
  readonly note: (what: { units?: number; admitMs?: number; publishMs?: number }) => void
}
