import { recordOf } from '../../domain/record.ts'
import type { HealthAspect, RegistryHealth } from '../registry.ts'
import type { Table } from './table.ts'

/** The version of DynamoDB's API, which is the only version that it reports. */
const version = '2012-08-10'

/** What an operator should know of the table. What the caller may not read is left out. */
export async function healthOf(table: Table, name: string, proveReady: () => Promise<unknown>): Promise<RegistryHealth> {
  await proveReady()
  const [backups, expiry] = await Promise.all([table.describe('DescribeContinuousBackups'), table.describe('DescribeTimeToLive')])
  const aspects: HealthAspect[] = [
    { about: 'writes', what: 'takes writes' },
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
