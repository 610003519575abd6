import { recordOf } from '../../domain/record.ts'
import type { HealthAspect, RegistryHealth } from '../registry.ts'
import type { Table } from './table.ts'

/** The version of DynamoDB's API, which is the only version that it reports. */
const version = '2012-08-10'

/** What an operator should know of the table. What the caller may not read is left out. */
export async function healthOf(table: Table, name: string, proveReady: () => Promise<unknown>): Promise<RegistryHealth> {
  await proveReady()
  const [described, backups, expiry] = await Promise.all([
    table.describe('DescribeTable'),
    table.describe('DescribeContinuousBackups'),
    table.describe('DescribeTimeToLive'),
  ])
  const aspects: HealthAspect[] = [
    { about: 'writes', what: 'takes writes' },
    ...(described === undefined ? [] : tableAspects(recordOf(described.Table), name)),
    ...(backups === undefined ? [] : [backupAspect(backups, name)]),
    ...(expiry === undefined ? [] : [expiryAspect(expiry, name)]),
  ]
  return { engine: 'dynamodb', version, aspects }
}

/** DynamoDB keeps every item in three zones; a backup is for changes that were a mistake. */
function backupAspect(answer: Readonly<Record<string, unknown>>, name: string): HealthAspect {
  const description = recordOf(answer.ContinuousBackupsDescription)
  const status = recordOf(description.PointInTimeRecoveryDescription).PointInTimeRecoveryStatus
  if (status === 'ENABLED') return { about: 'persistence', what: 'point-in-time recovery is on' }
  return {
    about: 'persistence',
    what: 'point-in-time recovery is off: a mistake cannot be undone',
    fix: `aws dynamodb update-continuous-backups --table-name ${name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
  }
}

function expiryAspect(answer: Readonly<Record<string, unknown>>, name: string): HealthAspect {
  const { TimeToLiveStatus: status, AttributeName: attribute } = recordOf(answer.TimeToLiveDescription)
  if ((status === 'ENABLED' || status === 'ENABLING') && attribute === 'ttl') {
    return { about: 'memory', what: 'expired records are removed' }
  }
  return {
    about: 'memory',
    what: 'time to live is off: expired records stay, and their storage is paid for',
    fix: `aws dynamodb update-time-to-live --table-name ${name} --time-to-live-specification Enabled=true,AttributeName=ttl`,
  }
}

/** The keys, without which nothing works, the capacity, and whether the table can be deleted by mistake. */
function tableAspects(table: Readonly<Record<string, unknown>>, name: string): HealthAspect[] {
  const schema = Array.isArray(table.KeySchema) ? table.KeySchema.map(recordOf) : []
  const keys = schema.map(({ AttributeName, KeyType }) => `${String(AttributeName)} ${String(KeyType)}`).join(', ')
  return [...(keys === 'pk HASH, sk RANGE' ? [] : [keysAspect(keys)]), capacityAspect(table, name), protectionAspect(table, name)]
}

function keysAspect(keys: string): HealthAspect {
  const what = `the table has the keys ${keys}, and a registry needs pk HASH, sk RANGE`
  return { about: 'writes', what, fix: 'make a table as docs/operate.md says', severe: true }
}

/** Provisioned tables have no BillingModeSummary unless they were on demand before. */
function capacityAspect(table: Readonly<Record<string, unknown>>, name: string): HealthAspect {
  if (recordOf(table.BillingModeSummary).BillingMode === 'PAY_PER_REQUEST') {
    return { about: 'capacity', what: 'on demand: paid by the request' }
  }
  const { ReadCapacityUnits: reads, WriteCapacityUnits: writes } = recordOf(table.ProvisionedThroughput)
  return {
    about: 'capacity',
    what: `provisioned, ${Number(reads)} read and ${Number(writes)} write units a second: calls above are refused, and capacity is paid for without calls`,
    fix: `aws dynamodb update-table --table-name ${name} --billing-mode PAY_PER_REQUEST`,
  }
}

function protectionAspect(table: Readonly<Record<string, unknown>>, name: string): HealthAspect {
  if (table.DeletionProtectionEnabled === true) return { about: 'protection', what: 'deletion protection is on' }
  return {
    about: 'protection',
    what: 'deletion protection is off: one request deletes the registry',
    fix: `aws dynamodb update-table --table-name ${name} --deletion-protection-enabled`,
  }
}
