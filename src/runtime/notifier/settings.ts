import * as z from 'zod'
import { type Channels, channelFormat, type IgnoreRule, ignoreFormat, severities } from '../../domain/alerting.ts'
import { checkedDocument } from '../../domain/document.ts'
import { apigw } from '../../domain/next-step.ts'
import type { MetricFilter } from './explain.ts'
import { compileRules, type Matcher, type Rule, readRule, ruleSource } from './rules/index.ts'

/** What the function is deployed with, beside its code. */
export interface PackedSettings {
  readonly rules: readonly Rule[]
  readonly ignores: readonly IgnoreRule[]
  readonly channels: Channels
  readonly filters: readonly MetricFilter[]
}

const format = z.strictObject({
  version: z.literal(1),
  rules: z.array(z.unknown()),
  ignores: z.array(ignoreFormat),
  channels: z.record(z.string(), channelFormat),
  filters: z.array(z.strictObject({ metric: z.string(), pattern: z.string(), title: z.string(), severity: z.enum(severities) })),
})

/** The text of the file beside the code. The same settings always give the same text, so that its hash shows a change. */
export function packSettings({ rules, ...rest }: PackedSettings): string {
  // Examples are for tests, and are most of a rule's text.
  const bare = rules.map(({ examples: _, cisDiffers: __, ...rule }) => rule)
  return JSON.stringify({ version: 1, rules: bare, ...rest })
}

/** @throws Problem `config-invalid` */
export function readPackedSettings(text: string): { rules: Matcher; channels: Channels; filters: readonly MetricFilter[] } {
  const { rules, ignores, channels, filters } = checkedDocument(format, JSON.parse(text), {
    name: 'The settings of the notifier',
    code: 'config-invalid',
    next: apigw('trail install'),
  })
  return {
    rules: compileRules(
      rules.map((rule) => readRule(rule, ruleSource('The settings of the notifier'))),
      ignores,
    ),
    channels,
    filters,
  }
}
