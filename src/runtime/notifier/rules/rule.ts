import * as z from 'zod'
import { type Severity, severities } from '../../../domain/alerting.ts'
import { checkedDocument, type DocumentSource } from '../../../domain/document.ts'
import { compiledPattern } from './faults.ts'

const durations: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
const duration = /^([1-9]\d{0,3})([smh])$/

const threshold = z.strictObject({
  /** The alert comes with the event of this number, counted inside any stretch of `within`. */
  count: z.int().min(2).max(10_000),
  within: z.string().regex(duration, 'is not a time such as 30s, 5m or 1h'),
  /** Members of the record; events that agree in all of them are counted together. */
  by: z.array(z.string().regex(/^[\w-]+(?:\.[\w-]+)*$/, 'is not a member such as userIdentity.arn')).default([]),
})

const json = z.record(z.string(), z.unknown())

const rule = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'is not a valid id: use a-z, 0-9 and "-"'),
  severity: z.enum(severities),
  title: z.string().min(1).max(120),
  why: z.string().min(1),
  fix: z.string().min(1),
  /** Ids of the CIS AWS Foundations Benchmark v1.2, and of v1.4 where v1.2 has none. */
  cis: z.array(z.string().regex(/^\d\.\d{1,2}$/, 'is not an id of the benchmark such as 3.5')).default([]),
  /** Where the rule decides otherwise than the benchmark's own metric filter: why. */
  cisDiffers: z.string().min(1).optional(),
  source: z.enum(['cloudtrail', 'guardduty']).default('cloudtrail'),
  /** An EventBridge pattern over the event's detail, with the facts of facts.ts as `apigw`. */
  pattern: json,
  threshold: threshold.optional(),
  /** Never alone, always collected. */
  digest: z.boolean().default(false),
  examples: z.strictObject({ matches: z.array(json).min(1), misses: z.array(json).min(1) }).optional(),
})

export type Rule = z.infer<typeof rule>
export type Threshold = z.infer<typeof threshold>

/**
 * Reads a rule. Its examples may be absent: what is deployed goes without them.
 * @throws Problem `rule-invalid` that names file, line and field
 */
export function readRule(value: unknown, source: DocumentSource): Rule {
  const read = checkedDocument(rule, value, source)
  compiledPattern(read.pattern, source.name)
  return read
}

/** Reads `30s`, `5m` or `1h`. @returns milliseconds */
export function windowMs({ within }: Threshold): number {
  const [, count, unit = ''] = duration.exec(within) ?? []
  return Number(count) * (durations[unit] ?? 0)
}

/** How bad, as a number: 0 is worst. */
export function rank(severity: Severity): number {
  return severities.indexOf(severity)
}
