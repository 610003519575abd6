import { apigw, type NextStep } from '../../domain/next-step.ts'

/** The result of checking one part of the trail. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** The command or action that fixes it. */
  readonly fix: NextStep | null
}

export const ok = (detail: string): Finding => ({ state: 'ok', detail, fix: null })
export const warn = (detail: string, fix: NextStep): Finding => ({ state: 'warn', detail, fix })
export const fail = (detail: string, fix: NextStep): Finding => ({ state: 'fail', detail, fix })

/** Fixes most findings: it restores everything that differs from the templates. */
export const again = apigw('trail install')

/** The outputs of the stack. */
export type Outputs = Readonly<Record<string, string>>
