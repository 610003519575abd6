import { isTrue, numberAt, quota, type Rule, type ServiceRules, shaped, textAt, textsAt, type UpdateRule } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html'
const modification = 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html'
const autoscaling = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html'
const deletion = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html'
const storage = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html'
const limits = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html'
const subnets = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html'

/** Storage of gp3, for all engines but SQL Server: 20 to 65,536 GiB. */
const allocated: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html',
  refuse: ({ properties }) => {
    const gigabytes = numberAt(properties, 'AllocatedStorage')
    if (gigabytes === undefined || textAt(properties, 'StorageType') !== 'gp3') return undefined
    return gigabytes >= 20 && gigabytes <= 65_536
      ? undefined
      : `Invalid storage size for engine name ${textAt(properties, 'Engine')} and storage type gp3: ${gigabytes}`
  },
}

const roomToGrow: Rule = {
  source: autoscaling,
  refuse: ({ properties }) => {
    const most = numberAt(properties, 'MaxAllocatedStorage')
    const least = numberAt(properties, 'AllocatedStorage')
    if (most === undefined || least === undefined || most >= Math.ceil(least * 1.1)) return undefined
    return `Invalid max storage size for engine name ${textAt(properties, 'Engine')} and storage type ${textAt(properties, 'StorageType')}: ${most}. It has to be at least 10 % above ${least}.`
  },
}

const growsOnly: UpdateRule = {
  source: modification,
  refuse: (before, after) => {
    const [old, wanted] = [numberAt(before.properties, 'AllocatedStorage'), numberAt(after.properties, 'AllocatedStorage')]
    if (old === undefined || wanted === undefined || wanted >= old) return undefined
    return `Requested storage size (${wanted}) cannot be less than the current storage size (${old}).`
  },
}

const msBetweenChanges = 6 * 60 * 60 * 1_000

const notAgainSoon: UpdateRule = {
  source: storage,
  refuse: (before, after, { inventory, now }) => {
    const changedAt = inventory.find(after.type, after.id)?.storageChangedAt
    const same = textAt(before.properties, 'AllocatedStorage') === textAt(after.properties, 'AllocatedStorage')
    if (same || changedAt === undefined || now - changedAt >= msBetweenChanges) return undefined
    return "You can't currently modify the storage of this DB instance because the previous storage change is being optimized."
  },
}

const unprotected: Rule = {
  source: deletion,
  refuse: ({ type, id }, { inventory }) => {
    const instance = inventory.find(type, id)
    return instance && isTrue(instance.properties, 'DeletionProtection')
      ? 'Cannot delete protected DB Instance, please disable deletion protection and try again.'
      : undefined
  },
}

const minutesAWeek = 7 * 24 * 60
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** The minutes of the week that a window covers; a window without days is open every day. */
function minutesOf(window: string): Set<number> {
  const found = /^(?:([a-z]{3}):)?(\d\d):(\d\d)-(?:([a-z]{3}):)?(\d\d):(\d\d)$/.exec(window.toLowerCase())
  const [, from, fromHour = '', fromMinute = '', to, toHour = '', toMinute = ''] = found ?? []
  const minutes = new Set<number>()
  for (const day of from === undefined ? days : [from]) {
    const start = days.indexOf(day) * 1_440 + Number(fromHour) * 60 + Number(fromMinute)
    const end = days.indexOf(to ?? day) * 1_440 + Number(toHour) * 60 + Number(toMinute)
    const length = (end - start + minutesAWeek) % (to === undefined ? 1_440 : minutesAWeek)
    for (let minute = 0; minute < length; minute++) minutes.add((start + minute) % minutesAWeek)
  }
  return minutes
}

/** Two windows of a resource may not overlap. */
export function apart(one: string, other: string, message: string, source: string): Rule {
  return {
    source,
    refuse: ({ properties }) => {
      const [first, second] = [textAt(properties, one), textAt(properties, other)]
      if (first === '' || second === '') return undefined
      const minutes = minutesOf(first)
      return [...minutesOf(second)].some((minute) => minutes.has(minute)) ? message : undefined
    },
  }
}

const masterNames = new Set(['admin', 'root', 'rdsadmin', 'mysql', 'postgres', 'rdsrepladmin', 'user', 'public'])
/** Reserved for some engine: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MasterUsername */
const reservedNames: Readonly<Record<string, ReadonlySet<string>>> = {
  mariadb: new Set(['rdsadmin', 'mysql', 'root', 'rdsrepladmin']),
  mysql: new Set(['rdsadmin', 'mysql', 'root', 'rdsrepladmin']),
  postgres: new Set(['rdsadmin', 'admin', 'user', 'public', 'rdsrepladmin']),
}

const masterName: Rule = {
  source: creation,
  refuse: ({ properties }) => {
    const name = textAt(properties, 'MasterUsername').toLowerCase()
    const reserved = reservedNames[textAt(properties, 'Engine')] ?? masterNames
    return reserved.has(name) ? `MasterUsername ${name} cannot be used as it is a reserved word used by the engine` : undefined
  },
}

/** A parameter group belongs to one family of engine versions. */
const groupFits: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html',
  refuse: ({ properties }, { inventory }) => {
    const group = inventory.find('AWS::RDS::DBParameterGroup', textAt(properties, 'DBParameterGroupName'))
    const family = group && textAt(group.properties, 'Family')
    const engine = textAt(properties, 'Engine')
    if (family === undefined || family.startsWith(engine)) return undefined
    return `The parameter group ${group?.id} with DBParameterGroupFamily ${family} can't be used for this instance. Please use a parameter group with DBParameterGroupFamily ${engine}.`
  },
}

const twoZones: Rule = {
  source: subnets,
  refuse: ({ properties }, { inventory }) => {
    const found = textsAt(properties, 'SubnetIds').map((id) => inventory.find('AWS::EC2::Subnet', id))
    if (found.includes(undefined)) return 'Some input subnets are invalid: they do not exist.'
    const zones = new Set(found.map((subnet) => subnet && textAt(subnet.properties, 'AvailabilityZone')))
    return zones.size < 2
      ? "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets to cover at least 2 AZs."
      : undefined
  },
}

const unused = (property: string, what: string): Rule => ({
  source: deletion,
  refuse: ({ id }, { inventory }) => {
    const user = inventory.of('AWS::RDS::DBInstance').find((one) => textAt(one.properties, property) === id)
    return user && `${what} ${id} is in use by ${user.id} and cannot be deleted`
  },
})

export const rds: ServiceRules = {
  'AWS::RDS::DBInstance': {
    name: 'DBInstanceIdentifier',
    replaces: [
      'BackupTarget',
      'CharacterSetName',
      'CustomIAMInstanceProfile',
      'DBClusterIdentifier',
      'DBInstanceIdentifier',
      'DBName',
      'DBSnapshotIdentifier',
      'DBSubnetGroupName',
      'DBSystemId',
      'Engine',
      'KmsKeyId',
      'MasterUsername',
      'NcharCharacterSetName',
      'SourceRegion',
      'StorageEncrypted',
      'Timezone',
    ],
    create: [quota('databases', 'Cannot create more than the allowed number of DB instances', limits)],
    valid: [
      shaped('DBInstanceIdentifier', /^(?!.*--)[a-zA-Z][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]$/, creation),
      allocated,
      roomToGrow,
      masterName,
      groupFits,
      apart(
        'PreferredBackupWindow',
        'PreferredMaintenanceWindow',
        'The backup window and maintenance window must not overlap.',
        creation,
      ),
    ],
    update: [growsOnly, notAgainSoon],
    remove: [unprotected],
  },
  'AWS::RDS::DBParameterGroup': {
    name: 'DBParameterGroupName',
    replaces: ['DBParameterGroupName', 'Description', 'Family'],
    remove: [unused('DBParameterGroupName', 'Parameter group')],
  },
  'AWS::RDS::DBSubnetGroup': {
    name: 'DBSubnetGroupName',
    replaces: ['DBSubnetGroupName'],
    valid: [twoZones],
    remove: [unused('DBSubnetGroupName', 'Subnet group')],
  },
  'AWS::RDS::EventSubscription': { name: 'SubscriptionName', replaces: ['SnsTopicArn', 'SubscriptionName'] },
  'AWS::RDS::DBCluster': {
    name: 'DBClusterIdentifier',
    replaces: [
      'AvailabilityZones',
      'ClusterScalabilityType',
      'DBClusterIdentifier',
      'DBSubnetGroupName',
      'DBSystemId',
      'DatabaseName',
      'Engine',
      'EngineMode',
      'KmsKeyId',
      'PubliclyAccessible',
      'RestoreToTime',
      'RestoreType',
      'SnapshotIdentifier',
      'SourceDBClusterIdentifier',
      'SourceDbClusterResourceId',
      'SourceRegion',
      'StorageEncrypted',
      'UseLatestRestorableTime',
    ],
    remove: [unprotected],
  },
}
