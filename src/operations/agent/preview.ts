import type { OpenAgent } from '../../runtime/agent/index.ts'
import { prepare } from '../../runtime/agent/index.ts'

/** A row as it would be sent. */
export interface PreviewRow {
  readonly table: string
  readonly key: string
  readonly to: string
  readonly from: string
  /** The message of the API without its text; `null`: it would not be sent. */
  readonly type: string | null
  readonly characters: number
  /** Why it would not be sent. */
  readonly ends?: { readonly as: string; readonly code: string; readonly detail: string }
}

/** The next rows that would be sent. It changes nothing. @throws Problem `database-unavailable` */
export async function previewRows(agent: OpenAgent, limit: number): Promise<PreviewRow[]> {
  const found: PreviewRow[] = []
  for (const { table, maxAgeMs } of agent.tables) {
    await table.connect()
    for (const row of await table.preview(limit)) {
      const prepared = prepare(row, { map: table.map, maxAgeMs, now: table.now(), messageKey: table.messageKeyOf(row) })
      const common = { table: table.name, key: row.key, to: row.to, from: row.from, characters: row.text.length }
      if (prepared.kind === 'images') {
        found.push({ ...common, type: 'mms' })
      } else if (prepared.kind === 'message') {
        const { type } = prepared.message.request
        found.push({ ...common, type: typeof type === 'string' ? type : 'by length' })
      } else {
        const { to: as, code, detail } = prepared
        found.push({ ...common, type: null, ends: { as, code, detail } })
      }
    }
  }
  return found.slice(0, limit)
}
