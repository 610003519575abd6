import { deliversLogs } from '../../../domain/aws-accounts.ts'
import { isRecord } from '../../../domain/record.ts'
import { at, type Json, member, textAt } from './json.ts'
import { opensSensitivePort } from './open-ports.ts'
import { openedBy } from './opened.ts'
import { allowedIn, attachesAdministrator, below, isAdministrator } from './policy.ts'

/** What an event pattern cannot express. Rules match it as the member `apigw` of a CloudTrail record. */
export interface Facts {
  /** A resource was made public: by a policy, an ACL, a permission, a list of a snapshot, or a role's trust. */
  readonly public: boolean
  /** A resource was shared with an account other than the one of the record and those of AWS that deliver logs. */
  readonly shared: boolean
  /** A policy with all rights, or with all of IAM's, was attached or written. */
  readonly adminPolicy: boolean
  /** The request names a user who is not its caller. */
  readonly otherUser: boolean
  /** The call was refused or failed. */
  readonly failed: boolean
  /** The request names a part of this pipeline. */
  readonly own: boolean
  /** A trail was changed so that it no longer records write events. */
  readonly unlogged: boolean
  /** A security group was opened to every address at a port for administration or data. */
  readonly portOpened: boolean
}

/** What a part of this pipeline is called, or begins with. */
export const defaultOwn: readonly string[] = ['apigw-trail']

const naming = /(?:name|arn|url|id|rule|trail|topic|queue|function|resource|source|names|arns|ids)$/i

/** Whether a request names something by a name, an ARN or an address of which one part begins with a prefix. */
function namesOwn(parameters: unknown, prefixes: readonly string[]): boolean {
  for (const [key, value] of below(parameters)) {
    if (typeof value !== 'string' || !naming.test(key)) continue
    const parts = value.split(/[:/]/)
    if (prefixes.some((prefix) => parts.some((part) => part.startsWith(prefix)))) return true
  }
  return false
}

function namesOther(record: Json): boolean {
  const named = textAt(record, 'requestParameters', 'userName')
  return named !== undefined && named !== '' && named !== textAt(record, 'userIdentity', 'userName')
}

function hasFailed(record: Json): boolean {
  const outcome = at(record, 'responseElements', textAt(record, 'eventName') ?? '')
  return outcome === 'Failure' || ['errorCode', 'errorMessage'].some((name) => typeof member(record, name) === 'string')
}

function recordsWrites(selector: unknown): boolean {
  return member(selector, 'includeManagementEvents') !== false && member(selector, 'readWriteType') !== 'ReadOnly'
}

function recordsWritesAdvanced(selector: unknown): boolean {
  const fields = member(selector, 'fieldSelectors')
  if (!Array.isArray(fields)) return false
  const equals = (name: string, value: string): boolean =>
    fields.some((field: unknown) => {
      const wanted = member(field, 'equals')
      return member(field, 'field') === name && Array.isArray(wanted) && wanted.includes(value)
    })
  return equals('eventCategory', 'Management') && !equals('readOnly', 'true')
}

/** Of the selectors of a trail, one that still records is enough. */
function stopsRecording(parameters: unknown): boolean {
  const basic = member(parameters, 'eventSelectors')
  const advanced = member(parameters, 'advancedEventSelectors')
  if (!Array.isArray(basic) && !Array.isArray(advanced)) return false
  const records = Array.isArray(basic) && basic.some(recordsWrites)
  return !records && !(Array.isArray(advanced) && advanced.some(recordsWritesAdvanced))
}

/** Computes the facts of a CloudTrail record. Missing members and ones of a wrong type give `false`. */
export function factsOf(record: Json, own: readonly string[] = defaultOwn): Facts {
  const parameters = member(record, 'requestParameters')
  const account = textAt(record, 'recipientAccountId') ?? textAt(record, 'userIdentity', 'accountId')
  const { toEverybody, toAccounts } = openedBy(parameters)
  return {
    public: toEverybody,
    shared: account !== undefined && toAccounts.some((other) => other !== account && !deliversLogs(other)),
    adminPolicy: attachesAdministrator(parameters) || (isRecord(parameters) && allowedIn(parameters).some(isAdministrator)),
    otherUser: namesOther(record),
    failed: hasFailed(record),
    own: namesOwn(parameters, own),
    unlogged: stopsRecording(parameters),
    portOpened: opensSensitivePort(parameters),
  }
}
