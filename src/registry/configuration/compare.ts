import { isRecord } from '../../domain/record.ts'

/** One difference. `before` or `after` is absent where there was or will be nothing. */
export interface Difference {
  /** Such as `quotas.live.day`, as its parts. */
  readonly path: readonly string[]
  readonly before?: unknown
  readonly after?: unknown
}

/** `quotas`, `keys`: their entries are listed one by one also where all of them are new. */
const sectionDepth = 1

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** What differs between two configurations, in the order of their fields. */
export function differencesOf(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (same(before, after)) return []
  const opened = isRecord(before) || isRecord(after)
  const bothKnown = isRecord(before) && isRecord(after)
  if (!opened || (!bothKnown && path.length > sectionDepth)) {
    return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }]
  }
  const [a, b] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => differencesOf(a[name], b[name], [...path, name]))
}

const maxWords = 1_500

/** Differences as a line of the audit log: which fields, without their values. */
export function differenceWords(differences: readonly Difference[]): string {
  const names = differences.map(({ path }) => path.join('.'))
  let text = ''
  for (const [at, name] of names.entries()) {
    if (text.length + name.length > maxWords) return `${text} and ${names.length - at} more`
    text += `${at === 0 ? '' : ', '}${name}`
  }
  return text
}
