import type { StackResourceDrift } from '@aws-sdk/client-cloudformation'
import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackName } from '../../domain/stage.ts'
import type { StackClients } from './clients.ts'
import { interruptedBefore } from './interrupted.ts'
import { refuseOthers } from './others.ts'
import { describeStack, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'

/** A property that was changed outside CloudFormation. */
export interface DriftedProperty {
  /** Such as `/SecurityGroupIngress/0/CidrIp`. */
  readonly path: string
  /** As CloudFormation names it: `ADD`, `REMOVE` or `NOT_EQUAL`. */
  readonly difference: string
  /** The value in the template; `null` if it may be a secret. */
  readonly expected: string | null
  /** The value in the account; `null` if it may be a secret. */
  readonly actual: string | null
}

/** A resource that was changed outside CloudFormation. */
export interface DriftedResource {
  readonly id: string
  readonly type: string
  readonly physicalId: string | null
  /** As CloudFormation names it: `MODIFIED` or `DELETED`. */
  readonly status: string
  readonly properties: readonly DriftedProperty[]
}

/** What was changed in a stack outside CloudFormation. */
export interface StackDrift {
  readonly stack: StackKey
  readonly resources: readonly DriftedResource[]
  /** Why not all of the stack was compared; `null` if all was that CloudFormation can compare. */
  readonly incomplete: string | null
}

/** Five minutes: CloudFormation compares a stack of a stage in about one. */
const pauseMs = 3_000
const maxPolls = 100
/** Policies and lists of rules can be long, and a property is one line of the output. */
const maxValue = 2_000

/**
 * The states in which CloudFormation compares a stack
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html).
 */
const comparable = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED'])

/** The templates have no secret in them, but what was set by hand may be one. */
const mayBeSecret = /password|passwd|secret|token|credential|private|api_?key|environment|variables/i

function shown(path: string, value: string | undefined): string | null {
  if (value === undefined || mayBeSecret.test(path)) return null
  return value.length > maxValue ? `${value.slice(0, maxValue)}…` : value
}

function driftedFrom(drift: StackResourceDrift): DriftedResource {
  const {
    LogicalResourceId = '',
    ResourceType = '',
    PhysicalResourceId,
    StackResourceDriftStatus,
    PropertyDifferences = [],
  } = drift
  return {
    id: LogicalResourceId,
    type: ResourceType,
    physicalId: PhysicalResourceId ?? null,
    status: StackResourceDriftStatus ?? '',
    properties: PropertyDifferences.map(({ PropertyPath: path = '', DifferenceType = '', ExpectedValue, ActualValue }) => ({
      path,
      difference: DifferenceType,
      expected: shown(path, ExpectedValue),
      actual: shown(path, ActualValue),
    })),
  }
}

async function start(clients: StackClients, { id, name }: Stack): Promise<string> {
  const { DetectStackDriftCommand } = await import('@aws-sdk/client-cloudformation')
  return callAws(clients, 'cloudformation:DetectStackDrift', async () => {
    try {
      const { StackDriftDetectionId = '' } = await clients.cloudFormation.send(new DetectStackDriftCommand({ StackName: id }))
      return StackDriftDetectionId
    } catch (error) {
      if (!(error instanceof Error && /drift detection is already in progress/i.test(error.message))) throw error
      throw new Problem('stack-busy', `CloudFormation already compares ${name} with its template.`, {
        next: 'run it again in a minute',
        cause: error,
      })
    }
  })
}

/** Waits until the comparison is over. @returns why it is not complete */
async function finish(
  clients: StackClients,
  { name }: Stack,
  id: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { DescribeStackDriftDetectionStatusCommand } = await import('@aws-sdk/client-cloudformation')
  for (let poll = 0; poll < maxPolls; poll++) {
    const { DetectionStatus, DetectionStatusReason } = await callAws(
      clients,
      'cloudformation:DescribeStackDriftDetectionStatus',
      () => clients.cloudFormation.send(new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: id })),
    )
    if (DetectionStatus === 'DETECTION_COMPLETE') return null
    if (DetectionStatus !== 'DETECTION_IN_PROGRESS') return DetectionStatusReason ?? DetectionStatus ?? 'AWS gave no reason'
    await clients.pause(pauseMs, signal)
    if (signal?.aborted) throw interruptedBefore(name)
  }
  return `CloudFormation did not finish within ${(maxPolls * pauseMs) / 60_000} minutes`
}

async function drifted(clients: StackClients, { id }: Stack): Promise<DriftedResource[]> {
  const { DescribeStackResourceDriftsCommand } = await import('@aws-sdk/client-cloudformation')
  const found: DriftedResource[] = []
  let token: string | undefined
  do {
    const { StackResourceDrifts = [], NextToken } = await callAws(clients, 'cloudformation:DescribeStackResourceDrifts', () =>
      clients.cloudFormation.send(
        new DescribeStackResourceDriftsCommand({
          StackName: id,
          NextToken: token,
          StackResourceDriftStatusFilters: ['MODIFIED', 'DELETED'],
        }),
      ),
    )
    found.push(...StackResourceDrifts.map(driftedFrom))
    token = NextToken
  } while (token !== undefined)
  return found
}

async function driftOf(
  clients: StackClients,
  stage: string,
  key: StackKey,
  signal: AbortSignal | undefined,
): Promise<StackDrift[]> {
  const stack = await describeStack(clients, stackName(stage, key))
  if (stack === undefined) return []
  refuseOthers(clients, stage, stack)
  if (!comparable.has(stack.status)) {
    return [{ stack: key, resources: [], incomplete: `CloudFormation cannot compare a stack in ${stack.status}` }]
  }
  const incomplete = await finish(clients, stack, await start(clients, stack), signal)
  return [{ stack: key, resources: await drifted(clients, stack), incomplete }]
}

/**
 * Compares the resources of deployed stacks with their templates, to find what was changed outside CloudFormation. Waits for at
 * most five minutes.
 * @throws Problem `stack-busy` if a comparison is in progress, `stack-stuck`, `interrupted`, `aws-…`
 */
export async function stageDrift(
  clients: StackClients,
  stage: string,
  keys: readonly StackKey[],
  { signal }: Pick<Steps, 'signal'>,
): Promise<readonly StackDrift[]> {
  const found = await Promise.all(keys.map((key) => driftOf(clients, stage, key, signal)))
  return found.flat()
}
