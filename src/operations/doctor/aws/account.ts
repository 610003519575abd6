import type { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { type AwsPlace, callAws, clientOptions, type SigningCredentials } from '../../../aws/index.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Check, Places } from '../check.ts'

/** What the last comparison of a stack with its resources found. */
export interface Drift {
  /** As CloudFormation says it: `NOT_CHECKED`, `IN_SYNC`, `DRIFTED` or `UNKNOWN`. */
  readonly status: string
  /** Milliseconds since 1970. */
  readonly checkedAt: number | undefined
}

/** A CloudFormation stack, as far as the checks need it. */
export interface Stack {
  readonly status: string
  readonly outputs: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
  readonly drift: Drift
}

/** The AWS account and region of a stage. */
export interface Account {
  readonly id: string
  readonly arn: string
  readonly stage: string
  readonly region: string
  readonly options: ReturnType<typeof clientOptions>
  /** Region and profile, for error messages. */
  readonly place: AwsPlace
  credentials(): Promise<SigningCredentials>
  /** Reads a stack by name, once per name. @returns undefined if it does not exist */
  stack(name: string): Promise<Stack | undefined>
}

async function describe(client: CloudFormationClient, StackName: string): Promise<Stack | undefined> {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation')
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName }))
    if (found === undefined) return undefined
    const pairs = (found.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])
    const values = (found.Parameters ?? []).map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue])
    const { StackDriftStatus, LastCheckTimestamp } = found.DriftInformation ?? {}
    return {
      drift: { status: StackDriftStatus ?? 'NOT_CHECKED', checkedAt: LastCheckTimestamp?.getTime() },
      status: found.StackStatus ?? 'unknown',
      outputs: Object.fromEntries(pairs),
      parameters: Object.fromEntries(values),
    }
  } catch (error) {
    // CloudFormation has no error code for a missing stack.
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)) return undefined
    throw error
  }
}

/**
 * Reads the caller's identity, which needs no permission.
 * @throws Problem `aws-…`
 */
export async function openAccount(places: Places, stage: string, region: string, signal: AbortSignal): Promise<Account> {
  const [{ GetCallerIdentityCommand, STSClient }, { CloudFormationClient }] = await Promise.all([
    import('@aws-sdk/client-sts'),
    import('@aws-sdk/client-cloudformation'),
  ])
  const place = { region, profile: places.profile }
  const options = { ...clientOptions(place), maxAttempts: 3 }
  const sts = new STSClient(options)
  const stacks = new CloudFormationClient(options)
  const known = new Map<string, Promise<Stack | undefined>>()
  const { Account = '', Arn = '' } = await callAws(place, 'sts:GetCallerIdentity', () =>
    sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
  )
  return {
    id: Account,
    arn: Arn,
    stage,
    region,
    options,
    place,
    credentials: () => sts.config.credentials(),
    stack: (name) => {
      const found = known.get(name) ?? callAws(place, 'cloudformation:DescribeStacks', () => describe(stacks, name))
      known.set(name, found)
      return found
    },
  }
}

/** The skipped check for a missing permission or credentials, which say nothing about the system itself. */
export function skippedCheck(name: string, error: unknown): Check | undefined {
  if (!(error instanceof Problem) || (error.code !== 'aws-denied' && error.code !== 'aws-credentials')) return undefined
  return { name, state: 'skipped', detail: error.message, ...(error.step !== undefined && { fix: error.step }) }
}
