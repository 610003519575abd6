/** Something that did not hold. */
export interface Wrong {
  readonly what: string
  /** By how much. */
  readonly count: number
  /** The first ten: ids of messages, or their names where they have no id. */
  readonly ids: readonly string[]
}

const shown = 10

export function wrongOf(what: string, ids: readonly string[], count = ids.length): Wrong[] {
  return count === 0 ? [] : [{ what, count, ids: ids.slice(0, shown) }]
}
