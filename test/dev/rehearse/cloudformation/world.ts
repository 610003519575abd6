import { Account, type AccountOptions } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import type { ChangeSetType } from '../../../../src/dev/rehearse/cloudformation/change-sets.ts'
import type { Stack } from '../../../../src/dev/rehearse/cloudformation/stack.ts'

export const place = { account: '123456789012', region: 'ap-northeast-2' } as const

export function account(options: Partial<AccountOptions> = {}): Account {
  return new Account({ ...place, ...options })
}

export interface Sending {
  readonly type?: ChangeSetType
  readonly parameters?: Readonly<Record<string, string>>
  readonly imported?: Readonly<Record<string, string>>
  readonly capabilities?: readonly string[]
  readonly uploaded?: boolean
  readonly retainExceptOnCreate?: boolean
  readonly disableRollback?: boolean
}

/** Creates a change set for a template: YAML text, or an object. */
export function changeSet(aws: Account, name: string, template: string | object, sending: Sending = {}) {
  const found = aws.find(name)
  const creates = found === undefined || found.status === 'REVIEW_IN_PROGRESS'
  return aws.createChangeSet({
    stackName: name,
    changeSetName: 'change',
    type: sending.type ?? (creates ? 'CREATE' : 'UPDATE'),
    templateBody: typeof template === 'string' ? template : JSON.stringify(template),
    uploaded: sending.uploaded ?? false,
    parameters: sending.parameters ?? {},
    tags: {},
    capabilities: sending.capabilities ?? ['CAPABILITY_NAMED_IAM'],
    imported: new Map(Object.entries(sending.imported ?? {})),
  })
}

/** Executes a change set and lets the operation end. */
export function deploy(aws: Account, name: string, template: string | object, sending: Sending = {}): Stack {
  const set = changeSet(aws, name, template, sending)
  const { retainExceptOnCreate = false, disableRollback = false } = sending
  aws.execute(set, 'token', { retainExceptOnCreate, disableRollback })
  aws.settle()
  return aws.stack(set.stackId)
}

/** Deletes a stack and lets the operation end. */
export function destroy(aws: Account, name: string): Stack {
  const stack = aws.stack(name)
  aws.delete(stack, 'token', new Set())
  aws.settle()
  return stack
}

/** The first reason for which something failed. */
export function whyFailed(stack: Stack): string | undefined {
  return stack.events.find(({ status }) => status.endsWith('_FAILED'))?.reason ?? stack.reason
}

/** The events of resources: `id STATUS`. */
export function eventsOf(stack: Stack): string[] {
  return stack.events.map(({ logicalId, status }) => `${logicalId} ${status}`)
}
