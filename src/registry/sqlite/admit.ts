import type { DatabaseSync } from 'node:sqlite'
import {
  type AdmissionState,
  type AdmitRequest,
  type Decision,
  type IdempotencyRecord,
  idempotencyMs,
  noUsage,
  type Reservation,
  refundableMs,
  type Usage,
} from '../../domain/admission.ts'
import { windowsAt } from '../../domain/calendar.ts'
import { decide, partOf, refunded, usesNonce } from '../../domain/decide.ts'
import { wayText } from '../../domain/route.ts'
import type { Outcome, Profile } from '../registry.ts'

/** What an admission looks up in a profile, prepared once for each version of it. */
interface Compiled {
  readonly version: string
  readonly profile: Profile
  readonly keys: ReadonlyMap<string, Profile['credentials'][number]>
  readonly ways: ReadonlyMap<string, string>
}

const mostCompiled = 10_000

function compile(version: string, document: string): Compiled {
  const profile: Profile = JSON.parse(document)
  return {
    version,
    profile,
    keys: new Map(profile.credentials.map((credential) => [credential.keyId, credential])),
    ways: new Map(profile.routes.map((route) => [`${route.environment}:${route.api}`, wayText(route)])),
  }
}

function usageOf(row: Record<string, unknown> | undefined): Usage {
  if (row === undefined || row.day === null) return noUsage
  return {
    tat: Number(row.tat),
    day: String(row.day),
    dayUsed: Number(row.day_used),
    month: String(row.month),
    monthUsed: Number(row.month_used),
  }
}

/** The statements of admission. Every method runs inside a transaction that its caller holds. */
export function admissionsOf(db: DatabaseSync) {
  const compiled = new Map<string, Compiled>()
  const readVersion = db.prepare(
    `SELECT p.version, u.tat, u.day, u.day_used, u.month, u.month_used
     FROM profiles p LEFT JOIN usage u ON u.customer = p.customer AND u.environment = ?
     WHERE p.customer = ?`,
  )
  const readDocument = db.prepare('SELECT document FROM profiles WHERE customer = ?')
  const readUsage = db.prepare('SELECT tat, day, day_used, month, month_used FROM usage WHERE customer = ? AND environment = ?')
  const writeUsage = db.prepare(
    `INSERT INTO usage (customer, environment, tat, day, day_used, month, month_used) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET tat = excluded.tat, day = excluded.day, day_used = excluded.day_used,
       month = excluded.month, month_used = excluded.month_used`,
  )
  const readRecord = db.prepare(
    'SELECT record FROM idempotency WHERE customer = ? AND environment = ? AND key = ? AND expires_at > ?',
  )
  const writeRecord = db.prepare(
    'INSERT OR REPLACE INTO idempotency (customer, environment, key, record, expires_at) VALUES (?, ?, ?, ?, ?)',
  )
  const dropRecord = db.prepare('DELETE FROM idempotency WHERE customer = ? AND environment = ? AND key = ?')
  const dropExpired = [
    db.prepare(
      'DELETE FROM idempotency WHERE (customer, environment, key) IN (SELECT customer, environment, key FROM idempotency WHERE expires_at <= ? LIMIT 100)',
    ),
    db.prepare(
      'DELETE FROM nonces WHERE (customer, key_id, nonce) IN (SELECT customer, key_id, nonce FROM nonces WHERE expires_at <= ? LIMIT 1000)',
    ),
    db.prepare('DELETE FROM refunds WHERE reservation IN (SELECT reservation FROM refunds WHERE expires_at <= ? LIMIT 100)'),
  ]
  const readNonce = db.prepare('SELECT 1 FROM nonces WHERE customer = ? AND key_id = ? AND nonce = ? AND expires_at > ?')
  const writeNonce = db.prepare('INSERT OR REPLACE INTO nonces (customer, key_id, nonce, expires_at) VALUES (?, ?, ?, ?)')
  const addRefund = db.prepare('INSERT OR IGNORE INTO refunds (reservation, expires_at) VALUES (?, ?)')

  function compiledOf(customer: string, version: string): Compiled {
    const known = compiled.get(customer)
    if (known?.version === version) return known
    const fresh = compile(version, String(readDocument.get(customer)?.document))
    if (compiled.size >= mostCompiled) compiled.clear()
    compiled.set(customer, fresh)
    return fresh
  }

  function recordOf(customer: string, environment: string, key: string, now: number): IdempotencyRecord | undefined {
    const row = readRecord.get(customer, environment, key, now)
    return row === undefined ? undefined : JSON.parse(String(row.record))
  }

  function storeUsage(customer: string, environment: string, usage: Usage): void {
    writeUsage.run(customer, environment, usage.tat, usage.day, usage.dayUsed, usage.month, usage.monthUsed)
  }

  /** Gives units back, once for each reservation and not for ever. */
  function giveBack(reservation: Reservation, now: number): boolean {
    const { id, customer, environment, admittedAt } = reservation
    if (now - admittedAt > refundableMs) return false
    if (addRefund.run(id, now + 2 * refundableMs).changes === 0) return false
    storeUsage(customer, environment, refunded(usageOf(readUsage.get(customer, environment)), reservation))
    return true
  }

  function nonceUsed({ customer, keyId, nonce }: AdmitRequest, now: number): boolean {
    return nonce !== undefined && readNonce.get(customer, keyId, nonce.value, now) !== undefined
  }

  function stateOf(request: AdmitRequest, now: number): { state: AdmissionState; zone: string } {
    const row = readVersion.get(request.environment, request.customer)
    if (row === undefined) return { state: { usage: noUsage }, zone: 'UTC' }
    const { profile, keys, ways } = compiledOf(request.customer, String(row.version))
    const key = keys.get(request.keyId)
    const way = request.api === undefined ? undefined : ways.get(`${request.environment}:${request.api}`)
    const quota = profile.quotas[request.environment]
    const claim = request.idempotency
    const record = claim === undefined ? undefined : recordOf(request.customer, request.environment, claim.key, now)
    const state: AdmissionState = {
      customerState: profile.customer.state,
      usage: usageOf(row),
      ...(key !== undefined && { key }),
      ...(way !== undefined && { way }),
      ...(quota !== undefined && { quota }),
      ...(record !== undefined && { idempotency: record }),
      ...(nonceUsed(request, now) && { nonceUsed: true }),
    }
    return { state, zone: profile.customer.timeZone }
  }

  return {
    usage: (customer: string, environment: string): Usage => usageOf(readUsage.get(customer, environment)),

    admit(request: AdmitRequest, now: number): Decision {
      const { state, zone } = stateOf(request, now)
      const decision = decide(request, state, windowsAt(zone, now), now)
      const { customer, keyId, nonce } = request
      if (nonce !== undefined && usesNonce(decision)) writeNonce.run(customer, keyId, nonce.value, now + nonce.rememberMs)
      if (decision.usage !== undefined) storeUsage(request.customer, request.environment, decision.usage)
      if (decision.record !== undefined && request.idempotency !== undefined) {
        const { key } = request.idempotency
        writeRecord.run(request.customer, request.environment, key, JSON.stringify(decision.record), now + idempotencyMs)
      }
      return decision
    },

    settle(reservation: Reservation, outcome: Outcome, now: number): boolean {
      const { customer, environment, idempotency: claim } = reservation
      const record = claim === undefined ? undefined : recordOf(customer, environment, claim.key, now)
      if (outcome.kind === 'accepted') {
        const { refund = 0 } = outcome
        const gaveBack = refund > 0 && giveBack(partOf(reservation, refund), now)
        if (claim === undefined || outcome.response === undefined || record?.response !== undefined) return gaveBack
        const { attempt } = reservation
        const done = { fingerprint: claim.fingerprint, attempt, leaseUntil: now, reservation, response: outcome.response }
        writeRecord.run(customer, environment, claim.key, JSON.stringify(done), now + idempotencyMs)
        return true
      }
      const mine = record?.reservation.id === reservation.id
      if (mine && (record.response !== undefined || record.attempt > reservation.attempt)) return false
      if (!giveBack(reservation, now)) return false
      if (mine && claim !== undefined) dropRecord.run(customer, environment, claim.key)
      return true
    },

    sweep(now: number): void {
      for (const statement of dropExpired) statement.run(now)
    },
  }
}
