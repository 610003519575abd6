import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { CopyableStore } from '../../registry/index.ts'
import { freezeOf, markOf, putMark } from './mark.ts'

export interface Thawed {
  readonly from: string
  /** `unchanged`: it was not frozen. */
  readonly state: 'thawed' | 'unchanged'
  /** The copy that refuses calls from now on. */
  readonly closed?: string
}

/**
 * Takes calls at the source again. A copy of it is closed first, so that no unit can be sold at both.
 *
 * @param target the registry that it was copied to; absent where the copy never became complete and cannot be reached
 * @throws Problem `input-missing` if the copy is complete and not named, `registry-not-empty`
 */
export async function thawRegistry(source: CopyableStore, target: CopyableStore | undefined): Promise<Thawed> {
  const frozen = await freezeOf(source)
  const from = source.address
  if (frozen === undefined) return { from, state: 'unchanged' }
  const mark = await markOf(source)
  if (mark !== undefined && mark.state !== 'complete') {
    throw new Problem('copy-incomplete', `${from} is a copy that is not complete, and cannot take calls.`, {
      next: 'thaw the registry that it is copied from',
    })
  }
  if (target === undefined && frozen.complete) {
    throw new Problem('input-missing', `${from} was copied to ${frozen.to}, which has to be closed first.`, {
      next: apigw('registry copy', '--from', from, '--to', frozen.to, '--thaw'),
    })
  }
  if (target === undefined) {
    await source.thaw()
    return { from, state: 'thawed' }
  }
  const copy = await markOf(target)
  if (target.address !== frozen.to || (copy !== undefined && copy.freeze !== frozen.id)) {
    throw new Problem('registry-not-empty', `${target.address} is not the copy that ${from} was frozen for.`, {
      next: apigw('registry copy', '--from', from, '--to', frozen.to, '--thaw'),
    })
  }
  if (copy !== undefined) {
    await target.freeze({ id: frozen.id, level: 'all', to: from, since: await target.now() })
    await putMark(target, 'void', copy.source, frozen.id)
  }
  await source.thaw()
  return { from, state: 'thawed', ...(copy !== undefined && { closed: target.address }) }
}
