import { signedPost } from '../../aws/index.ts'
import type { Check } from '../check.ts'
import { type Account, called } from './account.ts'

const name = 'budget'

interface Notification {
  readonly NotificationType?: string
  readonly Threshold?: number
  readonly NotificationState?: string
}

/** @throws SyntaxError as the SDK would, for what is no answer of AWS */
async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw Object.assign(error, { $metadata: { httpStatusCode: response.status } })
  }
}

/** Budgets are of the account and answer in one region (https://docs.aws.amazon.com/general/latest/gr/billing.html). */
async function notifications(
  account: Account,
  budget: string,
  signal: AbortSignal,
): Promise<readonly Notification[] | undefined> {
  const { AWS_ENDPOINT_URL_BUDGETS, AWS_ENDPOINT_URL } = process.env
  const response = await signedPost(await account.credentials(), {
    service: 'budgets',
    region: 'us-east-1',
    url: `${AWS_ENDPOINT_URL_BUDGETS ?? AWS_ENDPOINT_URL ?? 'https://budgets.amazonaws.com'}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSBudgetServiceGateway.DescribeNotificationsForBudget',
    },
    body: JSON.stringify({ AccountId: account.id, BudgetName: budget }),
    signal,
  })
  const answer = Object(await bodyOf(response))
  if (response.ok) return Array.isArray(answer.Notifications) ? answer.Notifications : []
  const type =
    String(answer.__type ?? '')
      .split('#')
      .at(-1) ?? ''
  if (type === 'NotFoundException') return undefined
  throw Object.assign(new Error(String(answer.Message ?? answer.message ?? type)), {
    name: type,
    $metadata: { httpStatusCode: response.status },
  })
}

/** Whether somebody is told before the bill is a surprise. */
export async function checkBudget(account: Account, signal: AbortSignal): Promise<Check[]> {
  const { stage } = account
  const budget = `apigw-${stage}`
  // IAM has one right for all that only reads budgets.
  const found = await called(account.place, 'budgets:ViewBudget', () => notifications(account, budget, signal))
  const fix = `apigw deploy security --stage ${stage}`
  if (found === undefined)
    return [{ name, state: 'fail', detail: `there is no budget ${budget}, so nobody is told what it costs`, fix }]
  if (found.length === 0) return [{ name, state: 'fail', detail: `the budget ${budget} tells nobody`, fix }]
  const rung = found.filter(({ NotificationState }) => NotificationState === 'ALARM')
  if (rung.length > 0) {
    const marks = rung.map(({ NotificationType = '', Threshold }) => `${NotificationType.toLowerCase()} over ${Threshold}%`)
    return [
      {
        name,
        state: 'warn',
        detail: `${budget}: ${marks.join(', ')}`,
        fix: `see what stands for it: apigw deploy --dry-run --stage ${stage}; or raise the budget: deploy.monthlyBudget`,
      },
    ]
  }
  return [{ name, state: 'ok', detail: `${budget} has ${found.length} alarms, and none is on` }]
}
