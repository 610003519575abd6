import { hash } from 'node:crypto'
import { canonical } from '../../../domain/message-content.ts'
import { Problem } from '../../../domain/problem.ts'
import { type HttpRequest, single } from '../http/http.ts'

/** 1 to 255 visible ASCII characters, with or without the quotes that the draft's structured-field string has. */
const pattern = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/

/**
 * The caller's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).
 * @throws Problem `invalid-idempotency-key`
 */
export function idempotencyKey(request: HttpRequest): string | undefined {
  const header = single(request, 'idempotency-key')
  if (header === undefined) return undefined
  const match = header === null ? null : pattern.exec(header)
  const key = match?.[1] ?? match?.[2]
  if (key !== undefined) return key
  throw new Problem('invalid-idempotency-key', 'Idempotency-Key has to come once, with 1 to 255 visible ASCII characters.')
}

/** A digest of what a call asks for: its method, its path and the meaning of its body. */
export function fingerprint(method: string, path: string, body: unknown): string {
  return hash('sha256', `${method} ${path}\n${canonical(body)}`, 'base64url')
}
