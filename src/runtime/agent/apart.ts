import { Refusal } from '../sql/index.ts'

export interface RefusedItem<T> {
  readonly item: T
  readonly why: string
}

/** So many refusals in a row, and nothing else, are the table's fault. */
const tableRefusals = 8

/**
 * Does work on many rows at once; where the database refuses that, on fewer, so that one row does not hold up the others.
 * @returns the rows that it refuses
 * @throws Refusal where it refuses all of several rows
 */
export async function apart<T>(items: readonly T[], run: (some: readonly T[]) => Promise<void>): Promise<RefusedItem<T>[]> {
  const refused: RefusedItem<T>[] = []
  const parts = [items]
  let done = 0
  for (;;) {
    const some = parts.pop()
    if (some === undefined) return refused
    if (some.length === 0) continue
    try {
      await run(some)
      done += some.length
    } catch (error) {
      if (!(error instanceof Refusal) || error.missingTable) throw error
      const [item] = some
      if (some.length === 1 && item !== undefined) {
        refused.push({ item, why: error.message })
        const isTable = done === 0 && items.length > 1 && refused.length >= Math.min(items.length, tableRefusals)
        if (isTable) throw error
        continue
      }
      const middle = Math.ceil(some.length / 2)
      parts.push(some.slice(middle), some.slice(0, middle))
    }
  }
}
