import { keyedIdOf } from '../../../domain/message-content.ts'
import type { Owner } from '../../ports/index.ts'
import type { Checked } from './planning.ts'

/** A row that cannot be sent beside the others of its call. */
function rejected(row: Checked, detail: string): Checked {
  return { ...row, rejection: { code: 'invalid-request', detail: `/key: ${detail}`, errors: [{ pointer: '/key', detail }] } }
}

/**
 * The ids of a call's messages that have keys of their own, by row; `undefined`: none has. Of a row that cannot be read as a
 * message there may be an id all the same, because an earlier run may have read it by other rules.
 */
export function keyedIds(owner: Owner, rows: readonly Checked[]): ReadonlyMap<number, string> | undefined {
  if (!rows.some(({ request }) => request?.key !== undefined)) return undefined
  return new Map(
    rows.flatMap(({ value }, index) => {
      const id = keyedIdOf(owner, value)
      return id === undefined ? [] : [[index, id] as const]
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
