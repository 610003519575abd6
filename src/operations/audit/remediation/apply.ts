import { appendFile } from 'node:fs/promises'
import type { IAMClient } from '@aws-sdk/client-iam'
import { type AwsPlace, awsProblem, clientOptions } from '../../../aws/index.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Account } from '../account/account.ts'
import { readLive } from '../sources/live.ts'
import { executeStep } from './execute.ts'
import { accountAfter, refusalReason } from './guard.ts'
import type { Plan } from './plan.ts'
import { type PlanStep, stepText } from './steps.ts'

/** The outcome of a step. */
export interface StepResult {
  readonly step: PlanStep
  readonly text: string
  readonly outcome: 'done' | 'would-be-done' | 'refused' | 'skipped' | 'failed'
  readonly why: string | null
}

export interface ApplyOptions extends AwsPlace {
  readonly dryRun: boolean
  /** The file for the previous state, as JSON lines. */
  readonly record: string
  /** Asks for confirmation before each step. */
  readonly confirm: (text: string) => Promise<boolean>
  readonly tell: (line: string) => void
  readonly now: () => number
}

async function callerArn(place: AwsPlace): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts')
  const sts = new STSClient(clientOptions(place))
  try {
    const { Arn = '' } = await sts.send(new GetCallerIdentityCommand({}))
    return Arn
  } catch (error) {
    throw awsProblem(error, { action: 'sts:GetCallerIdentity', region: place.region, profile: place.profile })
  } finally {
    sts.destroy()
  }
}

function checkAccount(plan: Plan, account: Account): void {
  if (plan.account === account.id) return
  throw new Problem(
    'audit-input-invalid',
    `The plan is for account ${plan.account}, but the credentials are for ${account.id || 'a different account'}.`,
    {
      next: 'check with aws sts get-caller-identity, or use --profile',
    },
  )
}

/**
 * Applies a plan step by step: asks for confirmation, records the previous state, makes the change. Reads the account
 * again first, to refuse steps that would lock out the caller or the last administrator. Stops at the first failure.
 * @throws Problem `audit-input-invalid`, `aws-credentials`, `aws-denied`
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<StepResult[]> {
  const arn = await callerArn(options)
  let { account } = await readLive(options, { resources: false, regions: [] }, options.tell, options.now())
  checkAccount(plan, account)
  const { IAMClient } = await import('@aws-sdk/client-iam')
  const iam = new IAMClient({ region: 'us-east-1', ...clientOptions(options) })
  const results: StepResult[] = []
  try {
    for (const step of plan.steps) {
      const result = await applyStep(step, refusalReason(step, { arn }, account), iam, plan.account, options)
      results.push(result)
      options.tell(`${result.outcome.replaceAll('-', ' ')}: ${result.text}${result.why === null ? '' : ` — ${result.why}`}`)
      if (result.outcome === 'failed') break
      // The checks of later steps consider the changes so far.
      if (result.outcome.endsWith('done')) account = accountAfter(account, step)
    }
    return results
  } finally {
    iam.destroy()
  }
}

async function applyStep(
  step: PlanStep,
  refused: string | undefined,
  iam: IAMClient,
  account: string,
  options: ApplyOptions,
): Promise<StepResult> {
  const text = stepText(step)
  const ended = (outcome: StepResult['outcome'], why: string | null = null): StepResult => ({ step, text, outcome, why })
  if (refused !== undefined) return ended('refused', refused)
  if (options.dryRun) return ended('would-be-done')
  if (!(await options.confirm(text))) return ended('skipped')
  try {
    await executeStep(iam, step, account, (before) => {
      const line = JSON.stringify({ at: new Date(options.now()).toISOString(), step, before })
      return appendFile(options.record, `${line}\n`, { mode: 0o600 })
    })
    return ended('done')
  } catch (error) {
    const problem = awsProblem(error, { action: `iam (${step.do})`, region: options.region, profile: options.profile })
    if (!(problem instanceof Problem)) throw problem
    return ended('failed', problem.message)
  }
}
