import type { Check } from '../check.ts'

/**
 * Requests with a clock skew of five minutes are rejected, by AWS
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html) and by the gateway.
 */
const refusedMs = 5 * 60_000
const oddMs = 30_000

/** The check of a clock skew in milliseconds; above zero this machine is ahead. */
export function clockResult(name: string, whose: string, ahead: number): Check {
  const seconds = Math.round(Math.abs(ahead) / 1000)
  if (Math.abs(ahead) < oddMs) return { name, state: 'ok', detail: `within ${Math.max(1, seconds)} s of ${whose} clock` }
  const detail = `this machine is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} ${whose} clock`
  const fix = 'enable NTP: timedatectl set-ntp true'
  if (Math.abs(ahead) < refusedMs) return { name, state: 'warn', detail, fix }
  return { name, state: 'fail', detail: `${detail}; signatures are rejected from 300 s`, fix }
}

/** Reads a remote clock. Assumes that the time was read halfway through the request. */
export async function clockCheck(name: string, whose: string, ask: () => Promise<number>): Promise<Check> {
  const began = Date.now()
  const theirs = await ask()
  return clockResult(name, whose, (began + Date.now()) / 2 - theirs)
}
