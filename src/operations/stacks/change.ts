import type { ResourceChange } from '@aws-sdk/client-cloudformation'

/**
 * What happens to the data of a deleted or replaced data store. `lost`: it is deleted. `snapshot`: AWS takes a snapshot.
 * `kept`: the store stays, outside the stack, and the stack gets an empty new one or none.
 */
export type Loss = 'lost' | 'snapshot' | 'kept'

/** One resource that a deployment touches. */
export interface Change {
  readonly kind: 'create' | 'change' | 'replace' | 'delete' | 'import'
  /** Its name in the template. */
  readonly id: string
  readonly type: string
  readonly physicalId: string | null
  /** Whether CloudFormation decides only during the update if the resource is replaced. */
  readonly perhaps: boolean
  /** The properties and attributes that differ. */
  readonly why: readonly string[]
  /** Set only for a data store that is replaced or deleted. */
  readonly loss: Loss | null
}

/** Resource types with data that the template cannot recreate. */
const dataStores = new Set([
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBCluster',
  'AWS::DynamoDB::Table',
  'AWS::DynamoDB::GlobalTable',
  'AWS::S3::Bucket',
  'AWS::ElastiCache::CacheCluster',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElastiCache::ServerlessCache',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
  'AWS::KMS::Key',
])

/** @param policy a deletion policy, or the `PolicyAction` of a change set, such as `ReplaceAndRetain` */
export function lossOf(type: string, policy: string | undefined): Loss | null {
  if (!dataStores.has(type)) return null
  if (policy?.endsWith('Snapshot')) return 'snapshot'
  if (policy?.includes('Retain')) return 'kept'
  return 'lost'
}

function kindOf({ Action, Replacement }: ResourceChange): Change['kind'] {
  if (Action === 'Add') return 'create'
  if (Action === 'Remove') return 'delete'
  if (Action === 'Import') return 'import'
  return Replacement === 'True' || Replacement === 'Conditional' ? 'replace' : 'change'
}

/** Converts a change of a change set. */
export function changeFrom(change: ResourceChange): Change {
  const { LogicalResourceId: id = '', ResourceType: type = '', PhysicalResourceId, PolicyAction, Details = [] } = change
  const kind = kindOf(change)
  const why = Details.map(({ Target }) => Target?.Name ?? Target?.Attribute ?? '')
  return {
    kind,
    id,
    type,
    physicalId: PhysicalResourceId ?? null,
    perhaps: change.Replacement === 'Conditional',
    why: [...new Set(why.filter((name) => name !== ''))],
    loss: kind === 'replace' || kind === 'delete' ? lossOf(type, PolicyAction) : null,
  }
}
