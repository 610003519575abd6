import { type Rule, readRule } from './rule.ts'

/** Rules as the JSON beside the deployed handler: without examples, which are most of their size, and notes for readers. */
export function deployableRules(rules: readonly Rule[]): string {
  return JSON.stringify(rules.map(({ examples: _, cisDiffers: __, ...rule }) => rule))
}

/**
 * Reads what `deployableRules` wrote.
 * @throws Problem `rule-invalid` that names the rule's place and field
 */
export function deployedRules(json: string): Rule[] {
  const values: unknown = JSON.parse(json)
  return (Array.isArray(values) ? values : [values]).map((value, index) => readRule(value, `rule ${index + 1}`))
}
