import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import { Problem } from '../../../domain/problem.ts'
import { checkedRule, type Rule } from './rule.ts'

function ruleIn(text: string, path: string): Rule {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) {
    const [what = ''] = error.message.split(/ at line \d+|\n/)
    throw new Problem('rule-invalid', `${path}, line ${error.linePos?.[0].line ?? '?'}: ${what}.`, { next: 'correct it' })
  }
  const rule = checkedRule(document.toJS(), path)
  if (`${rule.id}.yaml` === basename(path)) return rule
  throw new Problem('rule-invalid', `${path}, id: is "${rule.id}", and the file is called otherwise.`, {
    next: `rename it to ${rule.id}.yaml`,
  })
}

/**
 * Reads a folder of rules, a file each, in the order of their names.
 * @throws Problem `rule-invalid` that names file and field
 */
export async function loadRules(folder: string | URL): Promise<Rule[]> {
  const path = typeof folder === 'string' ? folder : fileURLToPath(folder)
  let names: string[]
  try {
    names = (await readdir(path)).filter((name) => name.endsWith('.yaml')).sort()
  } catch (cause) {
    throw new Problem('rule-invalid', `The folder of rules ${path} cannot be read.`, {
      next: 'correct trail.rules in apigw.yaml',
      cause,
    })
  }
  return Promise.all(names.map(async (name) => ruleIn(await readFile(join(path, name), 'utf8'), join(path, name))))
}
