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

/** The folders of the shipped templates and bundles. */
const templates = new URL('../../../templates/trail/', import.meta.url)
const bundles = new URL('../../../dist/lambda/', import.meta.url)

/** The trail settings of apigw.yaml. */
export type TrailChoices = TrailSettings

export async function shippedFile(name: 'trail.yaml' | 'global.yaml'): Promise<string> {
  return readFile(new URL(name, templates), 'utf8')
}

/** The shipped rules and the project's own. @throws Problem `rule-invalid`, which names the file and field */
export function allRules({ rules: own }: TrailChoices): Rule[] {
  const shipped = loadRules(shippedRules)
  const further = own === undefined ? [] : loadRules(own)
  const replaced = new Set(further.map(({ id }) => id))
  return [...shipped.filter(({ id }) => !replaced.has(id)), ...further]
}

/** The benchmark's metric filters, without the two about EC2 instances, which are not in the benchmark and match routine work. */
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
 * The settings file that is packaged with the function's code.
 * @throws Problem `rule-invalid`, also for an ignore rule of an unknown rule, so that this fails before the deployment
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

/** The EventBridge patterns of all rules. */
export function patternsOf(choices: TrailChoices): DeployedPattern[] {
  return deployedPatterns(allRules(choices))
}

/** The function's code, from `npm run build`. */
export async function notifierCode(): Promise<Uint8Array> {
  try {
    return await readFile(new URL('notifier.mjs', bundles))
  } catch (cause) {
    throw new Problem('config-invalid', 'The code of the notifier is not built.', { next: 'npm run build', cause })
  }
}
