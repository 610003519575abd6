import { readFile } from 'node:fs/promises'

/** The policy that is shipped for this; compact, since IAM counts characters. */
export async function requireMfaDocument(): Promise<string> {
  const text = await readFile(new URL('../../../../templates/policies/require-mfa.json', import.meta.url), 'utf8')
  return JSON.stringify(JSON.parse(text))
}
