import { apigw, type NextStep } from '../../domain/next-step.ts'

/** What was seen of one part. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to type or do. */
  readonly fix: NextStep | null
}

export const ok = (detail: string): Finding => ({ state: 'ok', detail, fix: null })
export const warn = (detail: string, fix: NextStep): Finding => ({ state: 'warn', detail, fix })
export const fail = (detail: string, fix: NextStep): Finding => ({ state: 'fail', detail, fix })

/** What mends most of it: whatever differs from the templates is put right. */
export const again = apigw('trail install')

/** What the stack says of itself. */
export type Outputs = Readonly<Record<string, string>>
