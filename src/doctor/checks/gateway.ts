import type { Check } from '../check.ts'

const answerMs = 3_000

export async function checkGateway(gateway: string, onAws: boolean): Promise<Check> {
  const fix = onAws ? 'apigw status, and apigw logs gateway' : 'start it: apigw dev'
  const { origin } = new URL(gateway)
  try {
    const { ok, status } = await fetch(new URL('/readyz', gateway), { signal: AbortSignal.timeout(answerMs) })
    if (ok) return { name: 'gateway', state: 'ok', detail: origin }
    return {
      name: 'gateway',
      state: 'fail',
      detail: `${origin} answers ${status}: it cannot reach its registry, or is stopping`,
      fix: "look at the gateway's log",
    }
  } catch {
    return { name: 'gateway', state: 'fail', detail: `${origin} does not answer`, fix }
  }
}
