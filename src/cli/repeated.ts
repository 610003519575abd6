/**
 * The values of a flag that may be repeated. What stands in its variable comes from oclif as one text instead of a
 * list: several values are then separated by commas.
 */
export function repeated<T extends string>(value: readonly T[] | undefined): readonly T[] | undefined {
  return typeof value === 'string' ? ((value as string).split(',') as T[]) : value
}
