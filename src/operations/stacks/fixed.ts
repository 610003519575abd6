import { Problem } from '../../domain/problem.ts'
import type { StackKey } from '../../domain/stage.ts'
import { failedCreation } from './ready.ts'
import type { Stack } from './stack.ts'

/**
 * Parameters that a deployed stack cannot change, with the reason.
 *
 * Other stacks import the network and its subnets, and an imported value cannot change. CloudFormation replaces a database
 * for another engine (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html),
 * and a registry for another number of replicas
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-replicationgroup.html): the
 * stage would continue with an empty one.
 */
const fixed: Readonly<Partial<Record<StackKey, Readonly<Record<string, string>>>>> = {
  network: { Cidr: 'other address ranges are another network, and everything stands in the old one' },
  data: {
    DatabaseEngine: 'CloudFormation would create an empty database and leave the old one, with its rows, outside the stack',
    RegistryReplicas: 'CloudFormation would replace the registry with an empty one, without customers, keys and quotas',
  },
}

/** Settings of apigw.yaml that set such a parameter, with the value that they have for it. */
const settings: Readonly<Record<string, (value: string) => string>> = {
  DatabaseEngine: (engine) => `engine of the stage in apigw.yaml to ${engine}`,
  RegistryReplicas: (replicas) => `registryNodes of the stage in apigw.yaml to ${Number(replicas) + 1}`,
}

/** A registry in DynamoDB has no nodes, so their number is free until there are some. */
function isUsed(name: string, deployed: Stack | undefined): boolean {
  return name !== 'RegistryReplicas' || deployed?.parameters.Registries !== 'dynamodb'
}

/**
 * Parameters that can only grow. RDS does not reduce the storage of an instance
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html).
 */
const growing: Readonly<Partial<Record<StackKey, readonly string[]>>> = { data: ['DatabaseGigabytes'] }

/** @throws Problem `config-invalid` if a parameter differs that only a new stage can have */
export function refuseFixed(
  key: StackKey,
  wanted: Readonly<Record<string, string | undefined>>,
  deployed: Stack | undefined,
): void {
  // It is deleted and created again; nothing was in use.
  if (deployed !== undefined && failedCreation.has(deployed.status)) return
  for (const [name, reason] of Object.entries(fixed[key] ?? {})) {
    const [now, then] = [wanted[name], deployed?.parameters[name]]
    if (now === undefined || then === undefined || now === then || !isUsed(name, deployed)) continue
    const setting = settings[name]?.(then) ?? `parameters.${key}.${name} of the stage in apigw.yaml to ${then}`
    throw new Problem('config-invalid', `${name} of ${key} cannot change from ${then} to ${now}: ${reason}.`, {
      next: `set deploy.${setting}, or deploy a stage with another name`,
    })
  }
  for (const name of growing[key] ?? []) {
    const [now, then] = [wanted[name], deployed?.parameters[name]]
    // Without a deployed value there is nothing to shrink.
    if (!(Number(now) < Number(then))) continue
    throw new Problem('config-invalid', `${name} of ${key} cannot shrink from ${then} to ${now}: RDS only adds storage.`, {
      next: `set deploy.parameters.${key}.${name} of the stage in apigw.yaml to ${then}`,
    })
  }
}
