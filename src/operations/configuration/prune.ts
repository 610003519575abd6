import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import type { Plan } from './plan.ts'

const named = 10

/**
 * The customers that are removed because no file names them. The command has to say how many there are: a folder that was checked
 * out in part, or a path with a slip, does not remove anything.
 *
 * @param expected how many are to go; absent: none
 * @throws Problem `data-loss`
 */
export function customersToPrune({ unfiled, filed }: Plan, expected: number | undefined): readonly string[] {
  if (expected === undefined) return []
  const ids = unfiled.map(({ id }) => id)
  if (filed === 0) {
    throw new Problem('data-loss', 'The files name no customer at all, so none is removed.', {
      next: step`check the path; to remove one customer, use: ${apigw('customer remove', 'CUSTOMER')}`,
    })
  }
  if (ids.length === expected) return ids
  const some = ids.slice(0, named).join(', ')
  const rest = ids.length > named ? ` and ${ids.length - named} more` : ''
  const found =
    ids.length === 0 ? 'Every customer is in a file' : `${quantity(ids.length, 'customer')} in no file: ${some}${rest}`
  throw new Problem('data-loss', `--prune is ${expected}. ${found}. Nothing was changed.`, {
    next: ids.length === 0 ? 'leave --prune out' : `if all of them are to go, use --prune ${ids.length}`,
  })
}
