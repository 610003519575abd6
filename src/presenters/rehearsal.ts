import { quantity } from '../domain/quantity.ts'
import { plain, styled } from './output.ts'

interface Step {
  readonly what: string
  readonly passed: boolean
  readonly detail: string
}

interface Rehearsal {
  readonly steps: readonly Step[]
  readonly findings: readonly { readonly at: string; readonly message: string }[]
  readonly passed: boolean
}

/** One line for a step, and why it failed. */
export function stepText({ what, passed, detail }: Step): string {
  const stream = process.stderr
  return passed
    ? `${styled('green', '✓', stream)} ${what}  ${styled('dim', plain(detail), stream)}`
    : `${styled('red', '✗', stream)} ${what}\n    ${plain(detail)}`
}

/** What would not work on AWS, and what a rehearsal cannot show. */
export function rehearsalText({ steps, findings, passed }: Rehearsal): string {
  const failed = steps.filter((step) => !step.passed).length
  const found = findings.map(({ at, message }) => `${styled('red', '✗')} ${plain(at)}: ${plain(message)}`)
  const end = passed
    ? `${styled('green', '✓')} All ${steps.length} steps passed. AWS itself was not called: capacity, service limits of the moment and prices are not rehearsed.`
    : `${styled('red', '✗')} ${failed} of ${steps.length} steps failed, ${quantity(findings.length, 'finding')}.`
  return [...found, end].join('\n')
}
