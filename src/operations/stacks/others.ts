import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'
import { isInReview, type Stack, stageTag } from './stack.ts'

/**
 * Rejects a stack that only has the name of a stage's stack. To update it would replace everything in it.
 * @throws Problem `stack-stuck`
 */
export function refuseOthers({ region }: StackClients, stage: string, stack: Stack): void {
  if (stack.stage === stage || isInReview(stack)) return
  const tag = stack.stage === undefined ? `has no tag ${stageTag}` : `has the tag ${stageTag}=${stack.stage}`
  throw new Problem('stack-stuck', `${stack.name} in ${region} does not belong to the stage ${stage}: it ${tag}.`, {
    next: 'rename the stage in apigw.yaml, or select another account or region (--profile, region of the stage)',
  })
}
