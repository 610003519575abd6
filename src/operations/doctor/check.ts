import type { Carrier } from '../../domain/carrier.ts'
import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** One thing that was looked at. `skipped`: it could not be, and `detail` says why. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly detail: string
  /** What to type or do. */
  readonly fix?: NextStep
}

/** Where to look. */
export interface Places {
  readonly registry: string
  readonly registryPassword: string | undefined
  readonly gateway: string
  readonly sqsEndpoint: string | undefined
  readonly region: string | undefined
  readonly profile?: string | undefined
  readonly configPath: string | undefined
  readonly stage: string | undefined
  /** The region that apigw.yaml gives the stage; AWS_REGION alone says nothing about a stage. */
  readonly stageRegion: string | undefined
  /** The carriers' database, where one was named. */
  readonly database?: { readonly address: string; readonly password?: string | undefined } | undefined
  /** The carriers whose tables it holds. */
  readonly carriers?: readonly Carrier[]
}

/** What an error advises; nothing if it only points to this command. */
function adviceOf({ step: advice }: Problem): NextStep | undefined {
  const isDoctor = typeof advice === 'object' && 'command' in advice && advice.command === 'doctor'
  return isDoctor ? undefined : advice
}

/** @param fix what to do if the error gives no advice */
export function failed(name: string, error: unknown, fix: NextStep): Check {
  if (error instanceof Problem) return { name, state: 'fail', detail: error.message, fix: adviceOf(error) ?? fix }
  return { name, state: 'fail', detail: error instanceof Error ? error.message : String(error), fix }
}

/** Longest that one look may take: one that hangs must not hide the others. */
export const limitMs = 10_000

/** Looks for so long and no longer. @param look ends by itself when the signal comes, or is left to itself */
export async function limited(
  name: string,
  fix: NextStep,
  look: (signal: AbortSignal) => Promise<Check[]>,
  ms = limitMs,
): Promise<Check[]> {
  const signal = AbortSignal.timeout(ms)
  const late = new Promise<Check[]>((resolve) => {
    const detail = `no answer within ${ms / 1000} seconds`
    signal.addEventListener('abort', () => resolve([{ name, state: 'fail', detail, fix }]), { once: true })
  })
  const looked = look(signal).catch((error: unknown) => [failed(name, error, fix)])
  return Promise.race([looked, late])
}
