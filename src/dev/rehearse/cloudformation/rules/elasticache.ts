import { apart } from './rds.ts'
import { isTrue, numberAt, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html'
const auth = 'https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html'
const quotas = 'https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/quota-limits.html'
const deletion = 'https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheSubnetGroup.html'

const nodes: Rule = {
  source: quotas,
  refuse: ({ properties }, { quotas: { cacheNodesACluster } }) => {
    const shards = numberAt(properties, 'NumNodeGroups') ?? 1
    const count = shards * (1 + (numberAt(properties, 'ReplicasPerNodeGroup') ?? 0))
    return count > cacheNodesACluster
      ? `The customer already has the maximum number of nodes allowed: ${count} of ${cacheNodesACluster}`
      : undefined
  },
}

const failover: Rule = {
  source: creation,
  refuse: ({ properties }) => {
    const automatic = isTrue(properties, 'AutomaticFailoverEnabled')
    if ((numberAt(properties, 'NumNodeGroups') ?? 1) > 1 && !automatic)
      return 'Redis with cluster mode enabled cannot be created with auto failover turned off.'
    if (isTrue(properties, 'MultiAZEnabled') && !automatic) return 'Must enable automatic failover to use Multi-AZ.'
    return isTrue(properties, 'MultiAZEnabled') && numberAt(properties, 'ReplicasPerNodeGroup') === 0
      ? 'Multi-AZ needs at least one replica.'
      : undefined
  },
}

const tokenOverTls: Rule = {
  source: auth,
  refuse: ({ properties }) =>
    textAt(properties, 'AuthToken') !== '' && !isTrue(properties, 'TransitEncryptionEnabled')
      ? 'AUTH token is only supported when encryption-in-transit is enabled'
      : undefined,
}

const familyFits: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.html',
  refuse: ({ properties }, { inventory }) => {
    const group = inventory.find('AWS::ElastiCache::ParameterGroup', textAt(properties, 'CacheParameterGroupName'))
    const family = group && textAt(group.properties, 'CacheParameterGroupFamily')
    const engine = textAt(properties, 'Engine')
    return family === undefined || family.startsWith(engine)
      ? undefined
      : `Expected a parameter group of family ${engine} but found ${family}`
  },
}

const unused = (property: string): Rule => ({
  source: deletion,
  refuse: ({ id }, { inventory }) => {
    const user = inventory.of('AWS::ElastiCache::ReplicationGroup').find((one) => textAt(one.properties, property) === id)
    return user && `${id} is currently in use by ${user.id}`
  },
})

export const elasticache: ServiceRules = {
  'AWS::ElastiCache::ReplicationGroup': {
    name: 'ReplicationGroupId',
    replaces: [
      'AtRestEncryptionEnabled',
      'CacheSubnetGroupName',
      'DataTieringEnabled',
      'GlobalReplicationGroupId',
      'KmsKeyId',
      'NetworkType',
      'Port',
      'PreferredCacheClusterAZs',
      'ReplicasPerNodeGroup',
      'ReplicationGroupId',
      'SnapshotArns',
      'SnapshotName',
    ],
    valid: [
      shaped('ReplicationGroupId', /^(?!.*--)[a-zA-Z][a-zA-Z0-9-]{0,38}[a-zA-Z0-9]$/, creation),
      nodes,
      failover,
      tokenOverTls,
      familyFits,
      apart(
        'SnapshotWindow',
        'PreferredMaintenanceWindow',
        'The snapshot window and maintenance window must not overlap.',
        creation,
      ),
    ],
  },
  'AWS::ElastiCache::ParameterGroup': { replaces: ['CacheParameterGroupFamily'], remove: [unused('CacheParameterGroupName')] },
  'AWS::ElastiCache::SubnetGroup': {
    name: 'CacheSubnetGroupName',
    replaces: ['CacheSubnetGroupName'],
    remove: [unused('CacheSubnetGroupName')],
  },
  'AWS::ElastiCache::ServerlessCache': {
    name: 'ServerlessCacheName',
    replaces: ['KmsKeyId', 'ServerlessCacheName', 'SnapshotArnsToRestore', 'SubnetIds'],
  },
  'AWS::ElastiCache::User': { name: 'UserId', replaces: ['UserId', 'UserName'] },
  'AWS::ElastiCache::UserGroup': { name: 'UserGroupId', replaces: ['UserGroupId'] },
}
