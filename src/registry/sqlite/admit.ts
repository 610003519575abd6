import type { DatabaseSync } from 'node:sqlite'
import { type AdmissionState, type AdmitRequest, type Decision, noUsage } from '../../domain/admission.ts'
import { windowsAt } from '../../domain/calendar.ts'
import { decide, usesNonce } from '../../domain/decide.ts'
import { CompiledProfiles } from '../compiled.ts'
import { usageColumns, usageOf } from './books.ts'
import type { Stores } from './settle.ts'

/** The statements of admission. Every method runs inside a transaction that its caller holds. */
export function admissionsOf(db: DatabaseSync, { books, records, messages, returns, counters }: Stores) {
  const compiled = new CompiledProfiles()
  const readVersion = db.prepare(
    `SELECT p.version, ${usageColumns.map((column) => `u.${column}`).join(', ')}
     FROM profiles p LEFT JOIN usage u ON u.customer = p.customer AND u.environment = ?
     WHERE p.customer = ?`,
  )
  const readDocument = db.prepare('SELECT document FROM profiles WHERE customer = ?')
  const dropExpired = [
    db.prepare(
      'DELETE FROM idempotency WHERE (customer, environment, key) IN (SELECT customer, environment, key FROM idempotency WHERE expires_at <= ? LIMIT 100)',
    ),
    db.prepare(
      'DELETE FROM nonces WHERE (customer, key_id, nonce) IN (SELECT customer, key_id, nonce FROM nonces WHERE expires_at <= ? LIMIT 1000)',
    ),
  ]
  const readNonce = db.prepare('SELECT 1 FROM nonces WHERE customer = ? AND key_id = ? AND nonce = ? AND expires_at > ?')
  const writeNonce = db.prepare('INSERT OR REPLACE INTO nonces (customer, key_id, nonce, expires_at) VALUES (?, ?, ?, ?)')

  function nonceUsed({ customer, keyId, nonce }: AdmitRequest, now: number): boolean {
    return nonce !== undefined && readNonce.get(customer, keyId, nonce.value, now) !== undefined
  }

  function stateOf(request: AdmitRequest, now: number): { state: AdmissionState; zone: string } {
    const row = readVersion.get(request.environment, request.customer)
    if (row === undefined) return { state: { usage: noUsage }, zone: 'UTC' }
    const document = () => String(readDocument.get(request.customer)?.document)
    const { profile, keys, ways, sending } = compiled.of(request.customer, String(row.version), document)
    const key = keys.get(request.keyId)
    const way = request.api === undefined ? undefined : ways.get(`${request.environment}:${request.api}`)
    const quota = profile.quotas[request.environment]
    const claim = request.idempotency
    const record = claim === undefined ? undefined : records.read(request.customer, request.environment, claim.key, now)
    const state: AdmissionState = {
      customerState: profile.customer.state,
      sending,
      usage: usageOf(row),
      ...(key !== undefined && { key }),
      ...(way !== undefined && { way }),
      ...(quota !== undefined && { quota }),
      ...(record !== undefined && { idempotency: record }),
      ...(nonceUsed(request, now) && { nonceUsed: true }),
      ...(request.ids !== undefined && { messages: messages.read(request.customer, request.environment, request.ids, now) }),
    }
    return { state, zone: profile.customer.timeZone }
  }

  return {
    admit(request: AdmitRequest, now: number): Decision {
      const { state, zone } = stateOf(request, now)
      const decision = decide(request, state, windowsAt(zone, now), now)
      const { customer, environment, keyId, nonce } = request
      if (nonce !== undefined && usesNonce(decision)) writeNonce.run(customer, keyId, nonce.value, now + nonce.rememberMs)
      counters.add(customer, environment, decision.counts)
      if (decision.usage !== undefined) books.writeUsage(customer, environment, decision.usage)
      if (decision.open !== undefined) {
        books.open(customer, environment, decision.open)
        messages.take(customer, environment, decision.open, now)
      }
      if (decision.record !== undefined && request.idempotency !== undefined) {
        records.write(customer, environment, request.idempotency.key, decision.record, now)
      }
      return decision
    },

    sweep(now: number): void {
      for (const statement of dropExpired) statement.run(now)
      messages.sweep(now)
      returns.sweep(now)
      counters.sweep(now)
    },
  }
}
