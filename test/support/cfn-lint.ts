import { spawnSync } from 'node:child_process'

/** Whether cfn-lint is on this machine. CI has to have it: a test that does not run there proves nothing. */
export const hasLint = spawnSync('cfn-lint', ['--version']).status === 0
if (!hasLint) {
  const missing = 'cfn-lint is not on this machine: pip install cfn-lint.'
  if (process.env.CI) throw new Error(missing)
  process.stderr.write(`${missing} Its tests are skipped.\n`)
}

/** @returns the findings; an empty text if there are none */
export function lint(paths: readonly string[], options: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('cfn-lint', [...options, '--', ...paths], { encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}`
}
