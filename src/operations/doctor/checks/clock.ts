import type { Check } from '../check.ts'

/**
 * Signed requests are refused from five minutes on, by AWS
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html) and by the gateway alike.
 */
const refusedMs = 5 * 60_000
const oddMs = 30_000

/** What a difference between two clocks means, in milliseconds; above zero this machine is ahead. */
export function judgeClock(name: string, whose: string, ahead: number): Check {
  const seconds = Math.round(Math.abs(ahead) / 1000)
  if (Math.abs(ahead) < oddMs) return { name, state: 'ok', detail: `within ${Math.max(1, seconds)} s of ${whose} clock` }
  const detail = `this machine is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} ${whose} clock`
  const fix = 'let the time be set from the network: timedatectl set-ntp true'
  if (Math.abs(ahead) < refusedMs) return { name, state: 'warn', detail, fix }
  return { name, state: 'fail', detail: `${detail}, and signatures are refused from 300 s on`, fix }
}

/** Asks another clock; the answer is taken for the middle of the time that it took. */
export async function clockCheck(name: string, whose: string, ask: () => Promise<number>): Promise<Check> {
  const began = Date.now()
  const theirs = await ask()
  return judgeClock(name, whose, (began + Date.now()) / 2 - theirs)
}
