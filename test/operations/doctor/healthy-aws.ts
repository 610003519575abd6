import { type Answer, type AwsServer, awsServer } from '../../support/aws-server.ts'

export const account = '123456789012'
/** @param drift what the last detection of drift found, and when */
export const stackOf = (
  status: string,
  outputs: Readonly<Record<string, string>> = {},
  drift: readonly [status: string, at?: Date] = ['IN_SYNC', new Date()],
): string => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  )
  const stack = `<StackName>x</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>`
  const [found, at] = drift
  const time = at === undefined ? '' : `<LastCheckTimestamp>${at.toISOString()}</LastCheckTimestamp>`
  const drifted = `<DriftInformation><StackDriftStatus>${found}</StackDriftStatus>${time}</DriftInformation>`
  return `<Stacks><member>${stack}${drifted}<Outputs>${members.join('')}</Outputs></member></Stacks>`
}

/** What CloudFormation says of a stack that is not there. */
export const noStack = (name: string): Answer => ({
  error: 'ValidationError',
  message: `Stack with id ${name} does not exist`,
  status: 400,
})

export const denied = (action: string): Answer => ({
  error: 'AccessDenied',
  message: `User: arn:aws:iam::${account}:user/kim is not authorized to perform: ${action} on resource: *`,
})

/** A stage without fault. */
function healthy(): Record<string, Answer> {
  const outputs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'apigw-prod-edge': { BalancerArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/x/1' },
    'apigw-prod-security': { AlertTopicArn: 'arn:aws:sns:ap-northeast-2:123456789012:apigw-prod-alerts' },
    'apigw-trail': { TrailName: 'apigw' },
  }
  return {
    GetCallerIdentity: `<Arn>arn:aws:iam::${account}:user/kim</Arn><UserId>AIDA</UserId><Account>${account}</Account>`,
    DescribeStacks: ({ parameters }) => stackOf('CREATE_COMPLETE', outputs[parameters.get('StackName') ?? ''] ?? {}),
    GetServiceQuota: { Quota: { Value: 1000 } },
    GetTrailStatus: { IsLogging: true },
    GetWebACLForResource: { WebACL: { Name: 'apigw-prod', Id: '1', ARN: 'arn:aws:wafv2:…', DefaultAction: { Allow: {} } } },
    DescribeNotificationsForBudget: {
      Notifications: [
        { NotificationType: 'ACTUAL', Threshold: 80, ComparisonOperator: 'GREATER_THAN', NotificationState: 'OK' },
        { NotificationType: 'FORECASTED', Threshold: 100, ComparisonOperator: 'GREATER_THAN', NotificationState: 'OK' },
      ],
    },
    ListSubscriptionsByTopic: '<Subscriptions><member><SubscriptionArn>arn:aws:sns:x</SubscriptionArn></member></Subscriptions>',
  }
}

/** The account of a stage without fault, but for the answers given. */
export function healthyAws(more: Readonly<Record<string, Answer>> = {}): Promise<AwsServer> {
  const answers = { ...healthy(), ...more }
  const { date } = answers
  return awsServer(
    ({ action }) => answers[action] ?? { error: 'InvalidAction', message: `no ${action} here`, status: 400 },
    ({ method }) => (method === 'HEAD' ? { status: 302, headers: typeof date === 'string' ? { date } : {} } : undefined),
  )
}
