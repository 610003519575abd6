import { hash } from 'node:crypto'
import { keyedMessageIdOf } from './ids.ts'
import { Problem } from './problem.ts'
import { recordOf } from './record.ts'

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

/**
 * The id of a message with a `key` of its own, from the message as a call gives it. `ref` and `ttl` are left out: they may differ
 * where a message is asked for again, and the message is the same.
 * @returns `undefined` for a message without a key
 */
export function keyedIdOf(
  owner: { readonly customer: string; readonly environment: string },
  value: unknown,
): string | undefined {
  const { key, ref: _ref, ttl: _ttl, ...content } = recordOf(value)
  if (typeof key !== 'string') return undefined
  const { customer, environment } = owner
  return keyedMessageIdOf({ customer, environment, key, content: hash('sha256', canonical(content), 'base64url') })
}
