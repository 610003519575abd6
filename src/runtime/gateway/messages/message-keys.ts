import { hash } from 'node:crypto'
import { keyedMessageIdOf } from '../../../domain/ids.ts'
import type { Owner } from '../../ports/index.ts'
import { canonical } from './idempotency.ts'
import type { Checked } from './submit.ts'

/** A row that cannot be sent beside the others of its call. */
function rejected(row: Checked, detail: string): Checked {
  return { ...row, rejection: { code: 'invalid-request', detail: `/key: ${detail}`, errors: [{ pointer: '/key', detail }] } }
}

/**
 * A digest of the message as the call gives it. `ref` and `ttl` are left out: they may differ where a message is asked
 * for again, and the message is the same.
 */
function contentOf(value: unknown): string {
  const { key: _key, ref: _ref, ttl: _ttl, ...content }: Record<string, unknown> = { ...Object(value) }
  return hash('sha256', canonical(content), 'base64url')
}

function keyOf({ value }: Checked): string | undefined {
  const key: unknown = Object(value).key
  return typeof key === 'string' ? key : undefined
}

/**
 * The ids of a call's messages that have keys of their own, by row; `undefined`: none has. Of a row that cannot be read as a
 * message there may be an id all the same, because an earlier run may have read it by other rules.
 */
export function keyedIds({ customer, environment }: Owner, rows: readonly Checked[]): ReadonlyMap<number, string> | undefined {
  if (!rows.some(({ request }) => request?.key !== undefined)) return undefined
  return new Map(
    rows.flatMap((row, index) => {
      const key = keyOf(row)
      return key === undefined
        ? []
        : [[index, keyedMessageIdOf({ customer, environment, key, content: contentOf(row.value) })] as const]
    }),
  )
}

/** Rejects rows without a key beside rows with one, and rows that ask for the same message as an earlier row. */
export function checkedKeys(rows: readonly Checked[], ids: ReadonlyMap<number, string> | undefined): readonly Checked[] {
  if (ids === undefined) return rows
  const first = new Map<string, number>()
  return rows.map((row, index) => {
    if (row.rejection !== undefined) return row
    const id = ids.get(index)
    if (id === undefined) return rejected(row, 'is missing: either all messages of a call have a key, or none')
    const earlier = first.get(id)
    if (earlier !== undefined) return rejected(row, `is that of message ${earlier}, which has the same content`)
    first.set(id, index)
    return row
  })
}
