import { Problem } from '../../domain/problem.ts'
import { type EngineOptions, openCarrierEngine } from '../sql/index.ts'
import type { AwsOptions } from './aws.ts'
import type { Database } from './database.ts'
import { DynamoLedger, type LedgerOptions } from './dynamo-ledger.ts'
import { DynamoWebhooks } from './dynamo-webhooks.ts'
import type { Ledger } from './ledger.ts'
import type { Media } from './media.ts'
import { DynamoNotices, type Notices } from './notices.ts'
import type { Queue } from './queue.ts'
import { databaseToken } from './rds-token.ts'
import { S3Media } from './s3.ts'
import { SqlDatabase } from './sql-database.ts'
import { SqsQueue } from './sqs.ts'
import type { Webhooks } from './webhooks.ts'

export { Refusal } from '../sql/index.ts'
export { AwsClient, AwsError } from './aws.ts'
export type {
  CarrierResult,
  CarrierRow,
  Database,
  FinishedMessage,
  Migration,
  RejectedRow,
  Row,
  Searched,
  TableFault,
} from './database.ts'
export type { Asked, Owed, Verdict } from './decisions.ts'
export { debtsARead } from './decisions.ts'
export { type Item, number, Table, text } from './dynamodb.ts'
export type { ErasureOwner } from './erasures.ts'
export type { EndedRow, HeldRow } from './held.ts'
export type { Ended, Ledger, MessageQuery, MessageRecord, Owner, Queued, Reported, ReportPage, Standing } from './ledger.ts'
export { matchingEvents } from './logs.ts'
export type { Media } from './media.ts'
export type { NoticeState, Notices, WaitingNotice } from './notices.ts'
export { batchBytes, batchEntries, type Queue, type QueueState, type Received } from './queue.ts'
export { isLate, ReadBudget } from './read-budget.ts'
export { secretFrom } from './secret-from.ts'
export { readSecret } from './secrets.ts'
export type { SideEvent } from './side-events.ts'
export type { HashedNumbers, Suppression } from './suppressions.ts'
export { maxNote, maxSource } from './suppressions.ts'
export { publishTo } from './topic.ts'
export type { Attempt, AttemptPage, Pending, Progress, Stored, Webhooks } from './webhooks.ts'

/** Amazon SQS, or an emulator at `endpoint`. */
export function openQueue(options: AwsOptions): Queue {
  return new SqsQueue(options)
}

/**
 * The ledger of messages and reports in DynamoDB, where a table is named or an emulator is.
 */
export function openLedger(options: LedgerOptions): Ledger | undefined {
  return options.table || options.endpoint ? new DynamoLedger(options) : undefined
}

/** The webhooks of customers, in the same table. */
export function openWebhooks(options: LedgerOptions): Webhooks | undefined {
  return options.table || options.endpoint ? new DynamoWebhooks(options) : undefined
}

/** Notices for the operator, in the same table. */
export function openNotices(options: LedgerOptions): Notices | undefined {
  return options.table || options.endpoint ? new DynamoNotices(options) : undefined
}

/** Images in S3, where a bucket is named. */
export function openMedia(options: AwsOptions & { readonly bucket?: string | undefined }): Media | undefined {
  const { bucket, ...rest } = options
  return bucket ? new S3Media({ ...rest, bucket }) : undefined
}

/**
 * Opens the carriers' database at `sqlite:PATH`, `mysql://…`, `mariadb://…` or `postgres://…`. With `login=iam` in the address, AWS
 * credentials take the place of a password.
 * @throws Problem `config-invalid`
 */
export async function openDatabase(address: string, options: EngineOptions = {}): Promise<Database> {
  const token = tokenFor(address)
  return new SqlDatabase(await openCarrierEngine(address, token === undefined ? options : { ...options, password: token }))
}

/** @throws Problem `config-invalid`: anyone who reads a token may connect with it */
function tokenFor(address: string): (() => Promise<string>) | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.searchParams.get('login') !== 'iam') return undefined
  if (url.searchParams.get('ssl') === 'true') return databaseToken(url)
  throw new Problem('config-invalid', 'The database address has login=iam, and no ssl=true.', {
    next: 'add ssl=true: a token is sent as it is',
  })
}
