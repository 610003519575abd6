import type { Stack as AwsStack } from '@aws-sdk/client-cloudformation'
import { callAws } from '../../aws/index.ts'
import type { StackClients } from './clients.ts'

/** A stack as it stands. */
export interface Stack {
  readonly name: string
  /** Its ARN. It still names the stack when the stack is deleted; the name does not. */
  readonly id: string
  /** Such as `CREATE_COMPLETE`. */
  readonly status: string
  readonly reason: string | undefined
  readonly outputs: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
  /** Milliseconds since 1970, of the last time that anything began to change. */
  readonly changedAt: number | undefined
}

/** Something changes it now. A stack that only has change sets (`REVIEW_IN_PROGRESS`) rests. */
export function isBusy({ status }: Stack): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'
}

/** Only a name with change sets: nothing was ever made in it. An earlier dry run may have left it. */
export function isShell({ status }: Stack): boolean {
  return status === 'REVIEW_IN_PROGRESS'
}

export function stackFrom(found: AwsStack): Stack {
  const { StackName = '', StackId = '', StackStatus = '', StackStatusReason, Outputs = [], Parameters = [] } = found
  return {
    name: StackName,
    id: StackId,
    status: StackStatus,
    reason: StackStatusReason,
    outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
    parameters: Object.fromEntries(
      Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue]),
    ),
    changedAt: (found.LastUpdatedTime ?? found.CreationTime)?.getTime(),
  }
}

/** CloudFormation has no code of its own for this: a `ValidationError` whose text says so. */
function saysUnknown(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)
}

/**
 * Reads a stack by its name or ARN; undefined where there is none.
 * @throws Problem `aws-…`
 */
export async function describeStack(clients: StackClients, name: string): Promise<Stack | undefined> {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation')
  return callAws(clients, 'cloudformation:DescribeStacks', async () => {
    try {
      const { Stacks = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: name }))
      return Stacks[0] && stackFrom(Stacks[0])
    } catch (error) {
      if (saysUnknown(error)) return undefined
      throw error
    }
  })
}
