import type { Stack as AwsStack } from '@aws-sdk/client-cloudformation'
import { callAws } from '../../aws/index.ts'
import type { StackClients } from './clients.ts'

/** The current state of a stack. */
export interface Stack {
  readonly name: string
  /** Its ARN, which still identifies the stack after it is deleted; the name does not. */
  readonly id: string
  /** Such as `CREATE_COMPLETE`. */
  readonly status: string
  readonly reason: string | undefined
  readonly outputs: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
  /** The stage whose tag it has; undefined if apigw did not create it for a stage. */
  readonly stage: string | undefined
  /** Whether CloudFormation refuses to delete it. */
  readonly isProtected: boolean
  /** When the last operation started, in milliseconds since 1970. */
  readonly changedAt: number | undefined
}

/** The tag of every stack of a stage. The budget and the cost report filter by it. */
export const stageTag = 'apigw:stage'

/** Whether an operation is in progress. A stack that has only change sets (`REVIEW_IN_PROGRESS`) is idle. */
export function isBusy({ status }: Stack): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'
}

/** Whether the stack has only change sets and no resources. An interrupted dry run may leave one. */
export function isInReview({ status }: Stack): boolean {
  return status === 'REVIEW_IN_PROGRESS'
}

export function stackFrom(found: AwsStack): Stack {
  const { StackName = '', StackId = '', StackStatus = '', StackStatusReason, Outputs = [], Parameters = [], Tags = [] } = found
  return {
    name: StackName,
    id: StackId,
    status: StackStatus,
    reason: StackStatusReason,
    outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
    parameters: Object.fromEntries(
      Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue]),
    ),
    stage: Tags.find(({ Key }) => Key === stageTag)?.Value,
    isProtected: found.EnableTerminationProtection === true,
    changedAt: (found.LastUpdatedTime ?? found.CreationTime)?.getTime(),
  }
}

/** CloudFormation has no error code for a missing stack, only a `ValidationError` with this text. */
function isUnknownStack(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)
}

/**
 * Reads a stack by its name or ARN; undefined if it does not exist.
 * @throws Problem `aws-…`
 */
export async function describeStack(clients: StackClients, name: string): Promise<Stack | undefined> {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation')
  return callAws(clients, 'cloudformation:DescribeStacks', async () => {
    try {
      const { Stacks = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: name }))
      return Stacks[0] && stackFrom(Stacks[0])
    } catch (error) {
      if (isUnknownStack(error)) return undefined
      throw error
    }
  })
}

/** The template of a stack as it was sent. */
export async function originalTemplate(clients: StackClients, id: string): Promise<string> {
  const { GetTemplateCommand } = await import('@aws-sdk/client-cloudformation')
  const { TemplateBody = '' } = await callAws(clients, 'cloudformation:GetTemplate', () =>
    clients.cloudFormation.send(new GetTemplateCommand({ StackName: id, TemplateStage: 'Original' })),
  )
  return TemplateBody
}
