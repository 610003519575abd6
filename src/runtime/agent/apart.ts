import { Refusal } from '../sql/index.ts'

export interface Apart<T, R> {
  readonly results: readonly R[]
  /** Items that the database refuses by themselves. */
  readonly refused: readonly T[]
  /** The database's words for the first of them. */
  readonly why?: string
}

/**
 * Changes many rows at once. If the database refuses that, it is done for each half, down to the rows at fault: a trigger or
 * a constraint of one row must not keep the others from their outcome.
 * @param run changes all of these rows, or none
 * @throws Problem `database-unavailable`; Refusal: there is no such table
 */
export async function apart<T, R>(items: readonly T[], run: (some: readonly T[]) => Promise<readonly R[]>): Promise<Apart<T, R>> {
  try {
    return { results: await run(items), refused: [] }
  } catch (error) {
    if (!(error instanceof Refusal) || error.missingTable) throw error
    if (items.length <= 1) return { results: [], refused: items, why: error.message }
  }
  const middle = Math.ceil(items.length / 2)
  const first = await apart(items.slice(0, middle), run)
  const second = await apart(items.slice(middle), run)
  const why = first.why ?? second.why
  return {
    results: [...first.results, ...second.results],
    refused: [...first.refused, ...second.refused],
    ...(why !== undefined && { why }),
  }
}
