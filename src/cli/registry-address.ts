import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { stackName } from '../domain/stage.ts'
import type { Settings } from './settings.ts'

/**
 * The address of the registry. That of a deployed stage in DynamoDB is an output of its stack, so `apigw.yaml` need not name it.
 * @throws Problem `config-invalid` if the stack is not deployed or has no table, and `aws-…`
 */
export async function registryAddress(settings: Settings): Promise<string> {
  const { registryOfStage: stage, region } = settings
  if (stage === undefined) return settings.registry
  const { describeStack, stackClients } = await import('../operations/stacks/index.ts')
  const clients = await stackClients({ region, profile: undefined })
  try {
    const name = stackName(stage, 'data')
    const table = (await describeStack(clients, name))?.outputs.RegistryTable
    if (table !== undefined) return `dynamodb:${table}`
    throw new Problem('config-invalid', `The stack ${name} has no registry in DynamoDB, which the stage ${stage} needs.`, {
      next: apigw('deploy', '--stage', stage),
    })
  } finally {
    clients.close()
  }
}
