import { isRecord } from '../../../domain/record.ts'
import { at, type Json, member, someElement, textAt } from './json.ts'
import { accountIn, accountsOf, allowedIn, below, isForEverybody } from './policy.ts'

/** To whom the parameters of a request open something. */
export interface Opened {
  readonly toEverybody: boolean
  /** Accounts, as 12 digits. */
  readonly toAccounts: readonly string[]
}

/** Groups of an S3 ACL that hold everybody, and everybody with an AWS account. */
const publicGroup = /acs\.amazonaws\.com\/groups\/global\/(?:AllUsers|AuthenticatedUsers)/
const publicAcl = /^(?:public-read|public-read-write|authenticated-read)$/

function hasPublicAcl(parameters: unknown): boolean {
  for (const [key, value] of below(parameters)) {
    if (typeof value !== 'string') continue
    if (publicGroup.test(value) || (/acl/i.test(key) && publicAcl.test(value))) return true
  }
  return false
}

/**
 * Whom the lists of snapshots and images add: `createVolumePermission.add.items[]` with `group` or `userId` (EC2),
 * `valuesToAdd[]` (RDS), `accountIdsToAdd[]` (SSM documents), `aWSAccountIds[]` (SQS, SNS).
 */
function added(parameters: Json): string[] {
  const names: string[] = []
  const collect = (value: unknown): boolean => {
    if (typeof value === 'string') names.push(value)
    return false
  }
  for (const list of ['createVolumePermission', 'launchPermission', 'loadPermission']) {
    someElement(at(parameters, list, 'add', 'items'), (item) => {
      collect(member(item, 'group'))
      return collect(member(item, 'userId'))
    })
  }
  for (const list of ['valuesToAdd', 'accountIdsToAdd', 'aWSAccountIds', 'awsAccountIds', 'accountIds']) {
    someElement(member(parameters, list), collect)
  }
  return names
}

/** A permission of Lambda or of an event bus: `principal` with what may narrow it. */
function permitted(parameters: Json): string | undefined {
  const narrowed = ['sourceAccount', 'sourceArn', 'principalOrgID', 'condition'].some(
    (name) => (member(parameters, name) ?? undefined) !== undefined,
  )
  return narrowed ? undefined : textAt(parameters, 'principal')
}

/** Who may use a key of KMS from now on, by a grant. */
function granted(parameters: Json): string[] {
  return ['granteePrincipal', 'retiringPrincipal'].flatMap((name) => textAt(parameters, name) ?? [])
}

/** What the request of a CloudTrail record opens, and to whom. */
export function openedBy(parameters: unknown): Opened {
  if (!isRecord(parameters)) return { toEverybody: false, toAccounts: [] }
  const statements = allowedIn(parameters)
  const names = [...added(parameters), ...granted(parameters), permitted(parameters) ?? '']
  const toEverybody =
    statements.some(isForEverybody) ||
    hasPublicAcl(parameters) ||
    names.some((name) => name === 'all' || name === '*') ||
    // A function's address without sign-in; a CodeBuild project whose builds anybody reads.
    (textAt(parameters, 'authType') === 'NONE' && textAt(parameters, 'functionName') !== undefined) ||
    textAt(parameters, 'projectVisibility') === 'PUBLIC_READ'
  return { toEverybody, toAccounts: [...statements.flatMap(accountsOf), ...names.flatMap((name) => accountIn(name) ?? [])] }
}
