import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import { ruleProblem } from './faults.ts'
import { type Rule, readRule } from './rule.ts'

/** The rules that apigw ships. */
export const shippedRules = fileURLToPath(new URL('../../../../templates/trail/rules', import.meta.url))

/** Reads one file's text. @throws Problem `rule-invalid` that names file, line and field */
export function ruleFrom(text: string, file: string): Rule {
  const document = parseDocument(text)
  const [syntax] = document.errors
  if (syntax !== undefined) {
    const [what = ''] = syntax.message.split(/ at line \d+|\n/)
    throw ruleProblem(`${file}, line ${syntax.linePos?.[0].line ?? '?'}`, what)
  }
  const rule = readRule(document.toJS(), file)
  if (rule.examples === undefined)
    throw ruleProblem(`${file}, examples`, 'is missing: give an event that matches and one that does not')
  const name = basename(file, extname(file))
  if (rule.id !== name) throw ruleProblem(`${file}, id`, `is "${rule.id}", and must be the file's name: "${name}"`)
  return rule
}

/**
 * Reads every rule of a folder, a YAML file a rule.
 * @throws Problem `rule-invalid` that names file and field
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
