import * as z from 'zod'

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function isUnit(text: string): text is keyof typeof unitMs {
  return text in unitMs
}

/** Reads `90s`, `15m`, `24h` or `3d`. @returns milliseconds; `undefined`: it is not a duration */
export function durationMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  return isUnit(unit) ? Number(count) * unitMs[unit] : undefined
}

/** A duration in a document, such as `24h`. Its value is in milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== undefined && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'is not a duration: write 90s, 15m, 24h or 3d' })
  return z.NEVER
})
