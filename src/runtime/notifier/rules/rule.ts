import * as z from 'zod'
import { severities } from '../../../domain/alerting.ts'
import { Problem } from '../../../domain/problem.ts'
import { compilePattern, PatternError } from './event-pattern.ts'

const id = z.string().regex(/^[a-z][a-z0-9-]{1,60}$/, 'is no id: use a-z, 0-9 and "-"')
const pattern = z.record(z.string(), z.unknown())
const event = z.record(z.string(), z.unknown())

/** How a rule is written, in a file of its own. */
export const ruleFormat = z.strictObject({
  id,
  severity: z.enum(severities),
  /** What happened, as a line of an alert. */
  title: z.string().min(5).max(100),
  why: z.string().min(10).max(300),
  /** What to look at or do first. */
  fix: z.string().min(5).max(300),
  /** Ids of the CIS AWS Foundations Benchmark 1.2. */
  cis: z.array(z.string().regex(/^\d\.\d+$/, 'is no id of the benchmark such as 3.5')).optional(),
  source: z.enum(['cloudtrail', 'guardduty']).default('cloudtrail'),
  /** A pattern of EventBridge over the event's detail, and over what is known of it beside that, as `apigw`. */
  pattern,
  /** An alert only from the so-manieth event on, of those that have the same at `by`. */
  threshold: z
    .strictObject({
      count: z.int().min(2).max(1_000),
      within: z.string().regex(/^[1-9]\d{0,3}[mh]$/, 'is no time such as 5m or 1h'),
      by: z.array(z.string().min(1)).min(1),
    })
    .optional(),
  /** Never told by itself, always with others. */
  digest: z.boolean().optional(),
  examples: z.strictObject({ matches: z.array(event).min(1), misses: z.array(event).min(1) }),
})

export type Rule = z.infer<typeof ruleFormat>
export type Threshold = NonNullable<Rule['threshold']>

/** Over how long a threshold counts, in milliseconds. */
export function windowMs({ within }: Threshold): number {
  return Number.parseInt(within, 10) * (within.endsWith('h') ? 3_600_000 : 60_000)
}

/**
 * Checks a rule that was read.
 * @param place the file, for the error
 * @throws Problem `rule-invalid` that names place and field
 */
export function checkedRule(value: unknown, place: string): Rule {
  const invalid = (field: string, what: string): Problem =>
    new Problem('rule-invalid', `${place}${field === '' ? '' : `, ${field}`}: ${what}`, {
      next: 'correct it; see docs/trail.md, and apigw trail rules list',
    })
  const result = ruleFormat.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
    throw invalid([...(issue?.path ?? []), ...unknown].join('.'), issue?.message ?? 'is not valid')
  }
  if (Object.keys(result.data.pattern).every((name) => name === 'apigw')) {
    throw invalid('pattern', 'needs something that EventBridge can look for, such as eventName')
  }
  try {
    compilePattern(result.data.pattern)
  } catch (error) {
    if (error instanceof PatternError) throw invalid('pattern', error.message)
    throw error
  }
  return result.data
}
