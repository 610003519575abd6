import { callAws, jsonCall } from '../../../aws/index.ts'
import { apigw, step } from '../../../domain/next-step.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

const name = 'budget'

interface Notification {
  readonly NotificationType?: string
  readonly Threshold?: number
  readonly NotificationState?: string
}

/** Budgets belong to the account and have one endpoint (https://docs.aws.amazon.com/general/latest/gr/billing.html). */
async function notifications(
  account: Account,
  budget: string,
  signal: AbortSignal,
): Promise<readonly Notification[] | undefined> {
  try {
    const { Notifications } = await jsonCall(await account.credentials(), {
      service: 'budgets',
      region: 'us-east-1',
      endpoint: 'https://budgets.amazonaws.com',
      target: 'AWSBudgetServiceGateway.DescribeNotificationsForBudget',
      body: { AccountId: account.id, BudgetName: budget },
      signal,
    })
    return Array.isArray(Notifications) ? Notifications : []
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundException') return undefined
    throw error
  }
}

/** Whether the budget of the stage notifies someone before costs exceed it. */
export async function checkBudget(account: Account, signal: AbortSignal): Promise<Check[]> {
  const { stage } = account
  const budget = `apigw-${stage}`
  // IAM has one action for all read access to budgets.
  const found = await callAws(account.place, 'budgets:ViewBudget', () => notifications(account, budget, signal))
  const fix = apigw('deploy', 'security', '--stage', stage)
  if (found === undefined)
    return [{ name, state: 'fail', detail: `the budget ${budget} does not exist, so cost alerts are not sent`, fix }]
  if (found.length === 0) return [{ name, state: 'fail', detail: `the budget ${budget} has no notifications`, fix }]
  const exceeded = found.filter(({ NotificationState }) => NotificationState === 'ALARM')
  if (exceeded.length > 0) {
    const marks = exceeded.map(({ NotificationType = '', Threshold }) => `${NotificationType.toLowerCase()} over ${Threshold}%`)
    return [
      {
        name,
        state: 'warn',
        detail: `${budget}: ${marks.join(', ')}`,
        fix: step`to see the cost by part, run ${apigw('deploy', '--dry-run', '--stage', stage)}; or raise deploy.monthlyBudget`,
      },
    ]
  }
  return [{ name, state: 'ok', detail: `${budget} has ${found.length} notifications, none in alarm` }]
}
