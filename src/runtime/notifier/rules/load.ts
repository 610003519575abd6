import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fieldProblem } from '../../../domain/document.ts'
import { readYamlDocument } from '../../../domain/yaml-document.ts'
import { ruleProblem, ruleSource } from './faults.ts'
import { type Rule, readRule } from './rule.ts'

/** The rules that apigw ships. */
export const shippedRules = fileURLToPath(new URL('../../../../templates/trail/rules', import.meta.url))

/** Reads one file's text. @throws Problem `rule-invalid` that names file, line and field */
export function ruleFrom(text: string, file: string): Rule {
  const { value, source } = readYamlDocument(text, ruleSource(file))
  const rule = readRule(value, source)
  if (rule.examples === undefined)
    throw fieldProblem(source, ['examples'], 'is missing: give an event that matches and one that does not')
  const name = basename(file, extname(file))
  if (rule.id !== name) throw fieldProblem(source, ['id'], `is "${rule.id}", and must be the file's name: "${name}"`)
  return rule
}

/**
 * Reads every rule of a folder, a YAML file a rule.
 * @throws Problem `rule-invalid` that names file, line and field
 */
export function loadRules(folder: string): Rule[] {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
  } catch {
    throw ruleProblem(folder, 'the folder cannot be read')
  }
  return names.sort().map((name) => ruleFrom(readFileSync(join(folder, name), 'utf8'), join(folder, name)))
}
