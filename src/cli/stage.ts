import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import type { Stage } from '../operations/stacks/index.ts'
import type { Settings } from './settings.ts'

/**
 * The selected stage with its deployment settings.
 * @throws Problem `config-invalid` if there is no stage, or if AWS_REGION differs from its region: a variable left over in CI
 * must not deploy a system to another region
 */
export function stageOf({ stage, region, stageRegion, deploy }: Settings): Stage {
  if (stage === undefined) {
    throw new Problem('config-invalid', 'There is no apigw.yaml in this folder, so there is no stage.', {
      next: step`${apigw('init')}, then add a stage with its deploy settings (docs/deploy.md)`,
    })
  }
  if (stageRegion !== undefined && region !== stageRegion) {
    throw new Problem('config-invalid', `AWS_REGION is ${region}, but the stage ${stage} is in ${stageRegion}.`, {
      next: `unset AWS_REGION, or change the region of the stage in apigw.yaml`,
    })
  }
  return { name: stage, region, settings: deploy }
}
