import { isRecord, recordOf } from '../../../../domain/record.ts'

/** The objects of a list in an answer. */
export function objectsIn(answer: Readonly<Record<string, unknown>>, list: string): Readonly<Record<string, unknown>>[] {
  const found: unknown = answer[list]
  return Array.isArray(found) ? found.filter(isRecord) : []
}

/** The texts of a list in an answer. */
export function textsIn(answer: Readonly<Record<string, unknown>>, list: string): string[] {
  const found: unknown = answer[list]
  return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : []
}

/** The text of a member, which may be within others; empty if there is none. */
export function textAt(of: unknown, ...path: readonly string[]): string {
  let found = of
  for (const step of path) found = recordOf(found)[step]
  return typeof found === 'string' ? found : ''
}

/** Lists in parts of a size that one call takes. */
export function partsOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}
