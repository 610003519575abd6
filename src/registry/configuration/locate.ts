/** Runs a check of one field. Who reads a file adds its place to what the check throws. */
export type Locate = <T>(path: readonly string[], check: () => T) => T

/** @param text ISO 8601, which the schema has checked */
export function instantOf(text: string): number {
  return Date.parse(text)
}
