import { readFile } from 'node:fs/promises'

/** The shipped policy, minified because IAM limits the policy size. */
export async function requireMfaDocument(): Promise<string> {
  const text = await readFile(new URL('../../../../templates/policies/require-mfa.json', import.meta.url), 'utf8')
  return JSON.stringify(JSON.parse(text))
}
