import type { Quota } from '../operations/quotas/index.ts'
import { count, plain } from './output.ts'

function quotaLine({ name, value, needed, used, otherwise, request }: Quota): string {
  const taken = used === undefined ? '' : ` and the account has ${count(used)}`
  return plain(
    `  ${name}: the quota is ${count(value)}, the stage needs ${count(needed)}${taken}; otherwise ${otherwise}.\n    ${request}`,
  )
}

/** The quotas that are too small, each with the command that requests more. */
export function quotasText(short: readonly Quota[]): string {
  return ['Quotas of the account are too small for this stage. AWS may take days to raise them:', ...short.map(quotaLine)].join(
    '\n',
  )
}
