import { hash } from 'node:crypto'
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

/** Far more than any call has, and far less than the stack holds. */
const maxDepth = 64

/** JSON with the members of every object in the order of their names: two bodies that mean the same are the same. */
export function canonical(value: unknown, depth = 0): string {
  if (depth > maxDepth) throw new Problem('invalid-body', `The body is nested more than ${maxDepth} levels deep.`)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member, depth + 1)}`).join(',')}}`
}

/** A digest of what a call asks for: its method, its path and the meaning of its body. */
export function fingerprint(method: string, path: string, body: unknown): string {
  return hash('sha256', `${method} ${path}\n${canonical(body)}`, 'base64url')
}
