import { Problem } from '../../domain/problem.ts'
import type { StackKey } from '../../domain/stage.ts'
import type { Stack } from './stack.ts'

/**
 * Parameters that a deployed stack cannot change, with the reason. Other stacks import the network and its subnets, and an
 * imported value cannot change.
 */
const fixed: Readonly<Partial<Record<StackKey, Readonly<Record<string, string>>>>> = {
  network: { Cidr: 'other address ranges are another network, and everything stands in the old one' },
}

/** @throws Problem `config-invalid` if a parameter differs that only a new stage can have */
export function refuseFixed(
  key: StackKey,
  wanted: Readonly<Record<string, string | undefined>>,
  deployed: Stack | undefined,
): void {
  for (const [name, reason] of Object.entries(fixed[key] ?? {})) {
    const [now, then] = [wanted[name], deployed?.parameters[name]]
    if (now === undefined || then === undefined || now === then) continue
    throw new Problem('config-invalid', `${name} of ${key} cannot change from ${then} to ${now}: ${reason}.`, {
      next: `set deploy.parameters.${key}.${name} of the stage in apigw.yaml to ${then}, or deploy a stage with another name`,
    })
  }
}
