import type { Carrier } from '../../domain/carrier.ts'
import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** The result of one check. `skipped`: the check could not run, and `detail` says why. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly detail: string
  /** The command or action that fixes it. */
  readonly fix?: NextStep
}

/** What to check: addresses, regions and configuration. */
export interface Places {
  readonly registry: string
  readonly registryPassword: string | undefined
  readonly gateway: string
  readonly sqsEndpoint: string | undefined
  readonly region: string | undefined
  readonly profile?: string | undefined
  readonly configPath: string | undefined
  readonly stage: string | undefined
  /** The region of the stage in apigw.yaml; AWS_REGION alone says nothing about a stage. */
  readonly stageRegion: string | undefined
  /** The table of the ledger, if configured. */
  readonly ledger?: {
    readonly endpoint?: string | undefined
    readonly region?: string | undefined
    readonly table?: string | undefined
  }
  /** The carriers' database, if configured. */
  readonly database?: { readonly address: string; readonly password?: string | undefined } | undefined
  /** The carriers with tables in it. */
  readonly carriers?: readonly Carrier[]
}

/** The next step of an error; undefined if it only points to `apigw doctor`. */
function adviceOf({ step: advice }: Problem): NextStep | undefined {
  const isDoctor = typeof advice === 'object' && 'command' in advice && advice.command === 'doctor'
  return isDoctor ? undefined : advice
}

/** @param fix the fix if the error has no next step */
export function failed(name: string, error: unknown, fix: NextStep): Check {
  if (error instanceof Problem) return { name, state: 'fail', detail: error.message, fix: adviceOf(error) ?? fix }
  return { name, state: 'fail', detail: error instanceof Error ? error.message : String(error), fix }
}

/** Timeout of one check, so that one that hangs does not block the others. */
export const limitMs = 10_000

/** Runs a check with a timeout. @param probe should stop when the signal aborts; its late result is ignored */
export async function limited(
  name: string,
  fix: NextStep,
  probe: (signal: AbortSignal) => Promise<Check[]>,
  ms = limitMs,
): Promise<Check[]> {
  const signal = AbortSignal.timeout(ms)
  const late = new Promise<Check[]>((resolve) => {
    const detail = `no answer within ${ms / 1000} seconds`
    signal.addEventListener('abort', () => resolve([{ name, state: 'fail', detail, fix }]), { once: true })
  })
  const result = probe(signal).catch((error: unknown) => [failed(name, error, fix)])
  return Promise.race([result, late])
}
