/**
 * The values of a repeatable flag. From the flag's variable oclif passes one string instead of a list; it separates several
 * values by commas.
 */
export function repeated<T extends string>(value: readonly T[] | undefined): readonly T[] | undefined {
  return typeof value === 'string' ? ((value as string).split(',') as T[]) : value
}
