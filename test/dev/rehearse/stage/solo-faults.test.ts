import { test } from 'vitest'
import { least } from '../stages.ts'
import { accepted, expectFound, type Fault, stored } from './broken.ts'

const faults: readonly Fault[] = [
  {
    what: 'a solo worker that may not log in to the database',
    key: 'worker',
    from: 'Action: rds-db:connect',
    to: 'Action: rds-db:other',
    fails: stored,
    finds: /WorkerFunction AWS denies rds-db:connect on arn:aws:rds-db:.*:dbuser:db-[A-Z0-9]+\/apigw/,
  },
  {
    what: 'a solo gateway that may not write into the table of the registry',
    key: 'gateway',
    from: 'dynamodb:BatchWriteItem, dynamodb:PutItem, dynamodb:Query',
    to: 'dynamodb:BatchWriteItem, dynamodb:Query',
    fails: accepted,
    finds: /AWS denies dynamodb:PutItem on .*table\/apigw-prod-data-RegistryTable/,
  },
  {
    what: 'a solo network without its way to DynamoDB',
    key: 'network',
    from: /( {2}DynamoDbEndpoint:[\s\S]*?RouteTableIds: )\[.*?\]/,
    to: '$1[!Ref PublicRouteTable]',
    fails: 'the customer reads its report',
    finds: /ReportsFunction cannot reach dynamodb/,
  },
]

test.each(faults)('the rehearsal finds $what', (fault) => expectFound(fault, { ...least, size: 'solo' }))
