/** What the test environment does with a message, by the last four digits of its recipient. */
export const sandboxNumbers = [
  { digits: '0002', outcome: 'failed', does: 'accepted, then reported as failed with the code sandbox-failed' },
  { digits: '0003', outcome: 'silent', does: 'accepted, and never reported' },
  { digits: '0004', outcome: 'late', does: 'accepted, and reported as delivered after 30 seconds' },
  { digits: '0005', outcome: 'cut', does: 'accepted and sent, but the connection is cut before the answer' },
  { digits: '0006', outcome: 'refused', does: 'answered 503 queue-unavailable; nothing is accepted and no unit is taken' },
  {
    digits: '0007',
    outcome: 'unreached',
    does: 'an alimtalk is delivered as its fallback; without one it is reported as failed with the code sandbox-no-kakao',
  },
] as const

export type SandboxOutcome = (typeof sandboxNumbers)[number]['outcome'] | 'delivered'

/** How late a report is that is late, in milliseconds. */
export const sandboxLateMs = 30_000

/** Any other recipient gets its message, and a report at once. */
export function sandboxOutcome(recipient: string): SandboxOutcome {
  return sandboxNumbers.find(({ digits }) => recipient.endsWith(digits))?.outcome ?? 'delivered'
}
