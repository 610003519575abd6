import { plain, styled } from './output.ts'

const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'], skipped: ['dim', '–'] } as const

/** One check in one line, with its fix on the next. */
export function checkLine(check: { name: string; state: keyof typeof marks; detail: string; fix?: string | undefined }): string {
  const { name, state, detail, fix } = check
  const [style, mark] = marks[state]
  const advice = fix === undefined ? '' : `\n    ${styled('dim', 'fix:')} ${plain(fix)}`
  return `${styled(style, mark)} ${styled('bold', name)}  ${plain(detail)}${advice}`
}
