import { apigw, step } from '../../../domain/next-step.ts'
import { recordOf } from '../../../domain/record.ts'
import { fixOf } from '../../../registry/index.ts'
import type { Check } from '../check.ts'

const answerMs = 3_000

export async function checkGateway(gateway: string, onAws: boolean): Promise<Check> {
  const fix = onAws ? step`${apigw('status')}, and ${apigw('logs', 'gateway')}` : step`start it: ${apigw('dev')}`
  const { origin } = new URL(gateway)
  try {
    const response = await fetch(new URL('/readyz', gateway), { signal: AbortSignal.timeout(answerMs) })
    const said = recordOf(await response.json().catch(() => undefined))
    const known = fixOf(said.reason)
    // Any server may be listening there, so only known reasons are shown.
    const reason = known === undefined ? '' : ` (${said.reason})`
    const log = onAws ? apigw('logs', 'gateway') : "check the gateway's log"
    if (response.ok && said.status === 'degraded') {
      const detail = `${origin} serves only some customers: part of its registry is unavailable${reason}`
      return { name: 'gateway', state: 'fail', detail, fix: known ?? log }
    }
    if (response.ok) return { name: 'gateway', state: 'ok', detail: origin }
    const why = said.code === 'shutting-down' ? 'it is shutting down' : `its registry is unavailable${reason}`
    return { name: 'gateway', state: 'fail', detail: `${origin} answers ${response.status}: ${why}`, fix: known ?? log }
  } catch {
    return { name: 'gateway', state: 'fail', detail: `${origin} does not answer`, fix }
  }
}
