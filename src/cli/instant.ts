import { Problem } from '../domain/problem.ts'

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const span = /^(\d{1,6})([mhd])$/
/** RFC 3339 with an offset: without one, the instant would depend on the machine. */
const absolute = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/

function spanMs(text: string): number | undefined {
  const [, amount, unit] = span.exec(text) ?? []
  return unit === 'm' || unit === 'h' || unit === 'd' ? Number(amount) * units[unit] : undefined
}

/**
 * Parses a duration: `90d`, `12h`, `30m`.
 * @returns milliseconds
 * @throws Problem `input-invalid`
 */
export function duration(text: string): number {
  const milliseconds = spanMs(text)
  if (milliseconds !== undefined) return milliseconds
  throw new Problem('input-invalid', `"${text}" is not a duration such as 7d, 24h or 30m.`)
}

/**
 * Parses a duration from now, or an RFC 3339 time.
 * @returns milliseconds since 1970
 * @throws Problem `input-invalid`
 */
export function instant(text: string, now: number): number {
  const milliseconds = spanMs(text)
  if (milliseconds !== undefined) return now + milliseconds
  const parsed = absolute.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(parsed)) return parsed
  throw new Problem(
    'input-invalid',
    `"${text}" is neither a duration such as 90d, 12h or 30m nor a time such as 2027-01-31T00:00:00Z.`,
  )
}
