import { isDisplayable } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'

const maxReason = 200

/** Why something is done, for the audit log. @throws Problem `input-invalid` */
export function checkedReason(text: string): string {
  const reason = text.trim()
  if (reason.length >= 3 && reason.length <= maxReason && isDisplayable(reason)) return reason
  throw new Problem('input-invalid', `A reason has 3 to ${maxReason} characters that can be shown.`)
}
