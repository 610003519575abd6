import { Problem } from '../../domain/problem.ts'
import type { Readiness, Registry } from '../../registry/index.ts'

/** Anyone may ask `/readyz`, so an answer is given again for a second: a probe writes. */
const rememberMs = 1_000
/** Between two looks of a gateway at its own registry. */
const watchEveryMs = 10_000
/** After so many looks a state that has not changed is logged again. */
const repeatEvery = 6

/** Whether this gateway can admit calls: at most one probe per second, shared by all callers. */
export function readinessOf(
  registry: Pick<Registry, 'ready'>,
  now: () => number = () => performance.now(),
): () => Promise<Readiness> {
  let asked: { readonly at: number; readonly answer: Promise<Readiness> } | undefined
  return () => {
    if (asked !== undefined && now() - asked.at < rememberMs) return asked.answer
    asked = { at: now(), answer: registry.ready() }
    return asked.answer
  }
}

/** The kind of a registry fault, which may be shown to callers. */
export function reasonOf(problem: Problem): string | undefined {
  const reason = problem.extensions?.reason
  return typeof reason === 'string' ? reason : undefined
}

type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** One line when the registry turns bad, one a minute while it stays so, and one when it is well again. */
export function readinessLog(log: Log): (look: () => Promise<Readiness>) => Promise<void> {
  let bad: string | undefined
  let looks = 0
  const tell = (state: 'unavailable' | 'degraded', reason: string, cause: string): void => {
    const key = `${state} ${reason}`
    looks = key === bad ? looks + 1 : 0
    bad = key
    if (looks % repeatEvery === 0) log(`registry-${state}`, { reason, cause })
  }
  return async (look) => {
    try {
      const { degraded } = await look()
      if (degraded !== undefined) return tell('degraded', degraded.reason, degraded.what)
      if (bad !== undefined) log('registry-ready', {})
      bad = undefined
    } catch (error) {
      const reason = (error instanceof Problem ? reasonOf(error) : undefined) ?? 'unreachable'
      tell('unavailable', reason, error instanceof Error ? error.message : String(error))
    }
  }
}

/** Looks at the registry for as long as the gateway serves, also where no load balancer asks for `/readyz`. */
export function watchReadiness(registry: Pick<Registry, 'ready'>, log: Log): { stop(): void } {
  const look = readinessOf(registry)
  const note = readinessLog(log)
  void note(look)
  const timer = setInterval(() => void note(look), watchEveryMs).unref()
  return { stop: () => clearInterval(timer) }
}
