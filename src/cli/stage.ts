import { Problem } from '../domain/problem.ts'
import type { Stage } from '../operations/stacks/index.ts'
import type { Settings } from './settings.ts'

/**
 * The stage that is meant, with what apigw.yaml says of its deployment.
 * @throws Problem `config-invalid` where there is none, or where it is not of the region that the shell is set to: a
 * variable that CI left there must not put a whole system somewhere else
 */
export function stageOf({ stage, region, stageRegion, deploy }: Settings): Stage {
  if (stage === undefined) {
    throw new Problem('config-invalid', 'There is no apigw.yaml here, so there is no stage.', {
      next: 'apigw init, then add a stage with its deploy settings (docs/deploy.md)',
    })
  }
  if (stageRegion !== undefined && region !== stageRegion) {
    throw new Problem('config-invalid', `AWS_REGION is ${region}, and the stage ${stage} is in ${stageRegion}.`, {
      next: `unset AWS_REGION, or change the region of the stage in apigw.yaml`,
    })
  }
  return { name: stage, region, settings: deploy }
}
