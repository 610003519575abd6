import { readFile } from 'node:fs/promises'
import type { TrailSettings } from '../../domain/alerting.ts'
import { Problem } from '../../domain/problem.ts'
import {
  compileRules,
  type DeployedPattern,
  deployedPatterns,
  loadRules,
  type MetricFilter,
  packSettings,
  type Rule,
  shippedRules,
} from '../../runtime/notifier/index.ts'
import type { CisFilter } from './template.ts'

/** Where the parts that are shipped lie. */
const templates = new URL('../../../templates/trail/', import.meta.url)
const bundles = new URL('../../../dist/lambda/', import.meta.url)

/** What a project says of its trail in apigw.yaml. */
export type TrailChoices = TrailSettings

export async function shippedFile(name: 'trail.yaml' | 'global.yaml'): Promise<string> {
  return readFile(new URL(name, templates), 'utf8')
}

/** @throws Problem `rule-invalid` that names file and field */
export function allRules({ rules: own }: TrailChoices): Rule[] {
  const shipped = loadRules(shippedRules)
  const further = own === undefined ? [] : loadRules(own)
  const replaced = new Set(further.map(({ id }) => id))
  return [...shipped.filter(({ id }) => !replaced.has(id)), ...further]
}

/** The benchmark's filters. The two about EC2 instances are no part of it, and count what is daily work. */
export async function cisFilters(): Promise<CisFilter[]> {
  const text = await readFile(new URL('cis-metric-filters.json', templates), 'utf8')
  const { filters }: { filters: Record<string, CisFilter> } = JSON.parse(text)
  return Object.entries(filters)
    .filter(([name]) => !name.startsWith('ec2-'))
    .map(([, filter]) => filter)
}

function metricFilter({ metric_name: metric, filter_pattern: pattern, alarm_description }: CisFilter): MetricFilter {
  return { metric, pattern, title: alarm_description.replace(/^Alarms when /, '').replace(/\.$/, ''), severity: 'medium' }
}

/**
 * What stands beside the function's code: everything that it needs to know.
 * @throws Problem `rule-invalid`, also for an ignore rule that names no rule: here, and not in the function
 */
export async function settingsText(choices: TrailChoices): Promise<string> {
  const filters = (await cisFilters()).map(metricFilter)
  const rules = allRules(choices)
  const ignores = choices.ignore ?? []
  compileRules(rules, ignores)
  return packSettings({
    rules,
    ignores,
    channels: choices.channels ?? {},
    filters,
  })
}

/** The patterns that EventBridge looks for, for the rules that hold. */
export function patternsOf(choices: TrailChoices): DeployedPattern[] {
  return deployedPatterns(allRules(choices))
}

/** The function's code, made by `npm run build`. */
export async function notifierCode(): Promise<Uint8Array> {
  try {
    return await readFile(new URL('notifier.mjs', bundles))
  } catch (cause) {
    throw new Problem('config-invalid', 'The code of the notifier is not built.', { next: 'npm run build', cause })
  }
}
