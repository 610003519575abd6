import { Deadline, type Item, itemsOf, type Table } from './table.ts'

const stepMs = 60_000

export interface ScannedPage {
  readonly items: readonly Item[]
}

/** All items of a table, in pages of up to 1 MB. For a copy only: it reads, and is paid for, everything that is stored. */
export async function* scan(table: Table, name: string): AsyncGenerator<ScannedPage> {
  let after: unknown
  do {
    const more = after === undefined ? {} : { ExclusiveStartKey: after }
    const answer = await table.ask('Scan', { TableName: name, ConsistentRead: true, ...more }, new Deadline(stepMs))
    yield { items: itemsOf(answer.Items) }
    after = answer.LastEvaluatedKey
  } while (after !== undefined)
}
