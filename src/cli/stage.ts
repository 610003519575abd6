import { Problem } from '../domain/problem.ts'
import type { Stage } from '../stacks/index.ts'
import type { Settings } from './settings.ts'

/**
 * The stage that is meant, with what apigw.yaml says of its deployment.
 * @throws Problem `config-invalid` where there is none
 */
export function stageOf({ stage, region, deploy }: Settings): Stage {
  if (stage !== undefined) return { name: stage, region, settings: deploy }
  throw new Problem('config-invalid', 'There is no apigw.yaml here, so there is no stage.', {
    next: 'apigw init, then add a stage with its deploy settings (docs/deploy.md)',
  })
}
