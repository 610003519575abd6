import { Problem } from '../../domain/problem.ts'
import type { RestoreSettings, StackKey } from '../../domain/stage.ts'
import { stackName } from '../../domain/stage.ts'

/** The parameter of the data stack that each setting of `restore` maps to. */
const restoreParameters: Readonly<Record<keyof RestoreSettings, string>> = {
  database: 'DatabaseSnapshot',
  registry: 'RegistrySnapshot',
  registryTable: 'ExistingRegistryTable',
  masterKey: 'ExistingMasterKeySecretArn',
  ledger: 'ExistingLedger',
  media: 'ExistingMedia',
}

/** The parameters that name what a stack was restored from. */
export const restoredNames: readonly string[] = Object.values(restoreParameters)

/** The resources of the data stack that a setting of `restore` names. Final snapshots have names that only AWS knows. */
const retainedResources: Readonly<Partial<Record<keyof RestoreSettings, string>>> = {
  masterKey: 'MasterKeySecret',
  registryTable: 'RegistryTable',
  ledger: 'Ledger',
  media: 'Media',
}

/**
 * The settings with which a new stage takes over what a deleted stack retained.
 * @param ids physical ids by their names in the template
 */
export function restoreSettings(key: StackKey, ids: Readonly<Record<string, string>>): RestoreSettings | null {
  if (key !== 'data') return null
  const found = Object.entries(retainedResources).flatMap(([setting, id]) => (ids[id] === undefined ? [] : [[setting, ids[id]]]))
  return found.length === 0 ? null : Object.fromEntries(found)
}

type Values = Readonly<Record<string, string>>

/**
 * The parameters of what the data stack takes over.
 * @throws Problem `config-invalid` if a name is not one of the stage: the permissions boundary allows only those
 */
export function restoredParameters(key: StackKey, stage: string, restore: RestoreSettings): Values {
  if (key !== 'data') return {}
  const values: Record<string, string> = {}
  for (const [setting, parameter] of Object.entries(restoreParameters) as [keyof RestoreSettings, string][]) {
    const value = restore[setting]
    if (value === undefined) continue
    refuseForeign(setting, value, stage)
    values[parameter] = value
  }
  return values
}

function refuseForeign(setting: keyof RestoreSettings, value: string, stage: string): void {
  // A snapshot is only read, by AWS itself.
  if (setting === 'database' || setting === 'registry') return
  const name = value.split(':').at(-1) ?? value
  const prefix = stackName(stage, '')
  if (name.startsWith(prefix)) return
  throw new Problem(
    'config-invalid',
    `deploy.restore.${setting} is ${name}, but roles of ${stage} may use only names that begin with ${prefix}.`,
    {
      next: `copy it to a name that begins with ${prefix}, or deploy the stage that it belongs to`,
    },
  )
}

/**
 * The values of a deployed stack that a deployment keeps without a setting. Without a snapshot's name CloudFormation replaces a
 * restored database with an empty one
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html), and without the name
 * of a table or a secret the stage would change to a new, empty one.
 */
export function keptParameters(key: StackKey, wanted: Values, deployed: Values | undefined): Values {
  if (key !== 'data' || deployed === undefined) return {}
  const kept = Object.values(restoreParameters).flatMap((name) => {
    const value = deployed[name]
    return wanted[name] === undefined && value !== undefined && value !== '' ? [[name, value] as const] : []
  })
  return Object.fromEntries(kept)
}
