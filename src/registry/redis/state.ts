import { evicts, type Fault, type FaultReason, faultOf, readOnly } from './fault.ts'

/** A connection that broke says so in words of its own; why it broke is what was noted before. */
const notConnected =
  /^(?:Stream isn't writeable|Connection is closed|Cluster isn't ready|None of startup nodes|Failed to refresh slots|Command timed out|no connection in time)/
/** What was noted longer ago is not the cause of what fails now. */
const freshMs = 30_000
/** Between two connections that are broken because of what the server answered. */
const breakEveryMs = 1_000

/** Why something failed. */
export interface Why {
  readonly reason: FaultReason
  readonly what: string
}

/** What is known of the servers behind one connection while it cannot be used. */
export class State {
  readonly #cluster: boolean
  readonly #serving: boolean
  #noted: { readonly why: Why; readonly at: number } | undefined
  #brokenAt = Number.NEGATIVE_INFINITY

  /** @param serving for gateways: a server that may remove quotas is not used at all */
  constructor(cluster: boolean, serving: boolean) {
    this.#cluster = cluster
    this.#serving = serving
  }

  note(why: Why): void {
    this.#noted = { why, at: performance.now() }
  }

  noteError(error: Error, place = ''): void {
    const why = faultOf(error.message)
    // "Connection is closed" would hide why it was closed.
    if (why === undefined && notConnected.test(error.message)) return
    this.note(why ?? { reason: 'unreachable', what: `${place}${error.message}` })
  }

  forget(): void {
    this.#noted = undefined
  }

  get noted(): Why | undefined {
    return this.#noted !== undefined && performance.now() - this.#noted.at < freshMs ? this.#noted.why : undefined
  }

  /** Why a server is not to be used, by its `INFO`. A member of a cluster says itself what it does not serve. */
  unfit(info: ReadonlyMap<string, string>): Fault | undefined {
    if (!this.#cluster && (info.get('role') ?? 'master') !== 'master') return readOnly
    const policy = info.get('maxmemory_policy') ?? ''
    return this.#serving && policy.startsWith('allkeys-') ? evicts(policy) : undefined
  }

  accepts(info: ReadonlyMap<string, string>): boolean {
    const fault = this.unfit(info)
    if (fault !== undefined) this.note(fault)
    return fault === undefined
  }

  /** Whether an error that a server answered with breaks the connection, at most once a second. */
  breaks(error: Error): boolean {
    const fault = faultOf(error.message)
    if (fault === undefined) return false
    if (fault.reconnect || fault.reason === 'cluster-down') this.note(fault)
    if (!fault.reconnect || performance.now() - this.#brokenAt < breakEveryMs) return false
    this.#brokenAt = performance.now()
    return true
  }

  /** Why a command failed, from whatever the client threw. */
  why(error: unknown): Why {
    if (!(error instanceof Error)) return this.noted ?? { reason: 'unreachable', what: 'no answer in time' }
    const fault = faultOf(error.message)
    if (fault !== undefined) return { reason: fault.reason, what: `${fault.what} (${error.message.slice(0, 200)})` }
    // Those messages speak of options of the client; what happened is that the connection broke or was overdue.
    if (error.name === 'MaxRetriesPerRequestError' || notConnected.test(error.message) || error.message === '')
      return this.noted ?? { reason: 'unreachable', what: 'no answer in time' }
    return { reason: /^[A-Z]+ /.test(error.message) ? 'refused' : 'unreachable', what: error.message }
  }
}
