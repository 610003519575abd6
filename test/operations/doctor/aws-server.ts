import { once } from 'node:events'
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'

interface Refusal {
  readonly error: string
  readonly message: string
  readonly status?: number
}

/** The response of one action: the content of the result (text is XML, for the query protocol), or an error. */
export type Answer = string | object | Refusal | ((parameters: URLSearchParams) => Answer)

export interface AwsServer {
  readonly asked: string[]
  readonly env: Record<string, string>
  readonly url: string
}

export const account = '123456789012'
export const stackOf = (status: string, outputs: Readonly<Record<string, string>> = {}): string => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  )
  const stack = `<StackName>x</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>`
  return `<Stacks><member>${stack}<Outputs>${members.join('')}</Outputs></member></Stacks>`
}

/** CloudFormation's error for a stack that does not exist. */
export const noStack = (name: string): Answer => ({
  error: 'ValidationError',
  message: `Stack with id ${name} does not exist`,
  status: 400,
})

export const denied = (action: string): Answer => ({
  error: 'AccessDenied',
  message: `User: arn:aws:iam::${account}:user/kim is not authorized to perform: ${action} on resource: *`,
})

/** A healthy stage. */
function healthy(): Record<string, Answer> {
  const outputs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'apigw-prod-edge': { BalancerArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/x/1' },
    'apigw-prod-security': { AlertTopicArn: 'arn:aws:sns:ap-northeast-2:123456789012:apigw-prod-alerts' },
    'apigw-trail': { TrailName: 'apigw' },
  }
  return {
    GetCallerIdentity: `<Arn>arn:aws:iam::${account}:user/kim</Arn><UserId>AIDA</UserId><Account>${account}</Account>`,
    DescribeStacks: (parameters) => stackOf('CREATE_COMPLETE', outputs[parameters.get('StackName') ?? ''] ?? {}),
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

function isError(answer: Answer): answer is Refusal {
  return typeof answer === 'object' && 'error' in answer
}

interface Said {
  readonly status: number
  readonly body: string
}

function inJson(answer: string | object): Said {
  if (!isError(answer)) return { status: 200, body: JSON.stringify(answer) }
  return { status: answer.status ?? 403, body: JSON.stringify({ __type: answer.error, message: answer.message }) }
}

function inXml(action: string, answer: string | object): Said {
  if (!isError(answer))
    return { status: 200, body: `<${action}Response><${action}Result>${answer}</${action}Result></${action}Response>` }
  const { error, message, status = 403 } = answer
  const inside = `<Type>Sender</Type><Code>${error}</Code><Message>${message}</Message>`
  return { status, body: `<ErrorResponse><Error>${inside}</Error></ErrorResponse>` }
}

/** Local fakes of the AWS services that doctor calls, for the real SDK clients: query protocol and JSON. */
export async function awsServer(more: Readonly<Record<string, Answer>> = {}): Promise<AwsServer> {
  const answers = { ...healthy(), ...more }
  const asked: string[] = []

  function answerTo(action: string, parameters: URLSearchParams): string | object {
    asked.push(action)
    let answer: Answer = answers[action] ?? { error: 'InvalidAction', message: `no ${action} here`, status: 400 }
    while (typeof answer === 'function') answer = answer(parameters)
    return answer
  }

  const server = createServer(async (request, response) => {
    const { date } = answers
    if (request.method === 'HEAD') {
      response.writeHead(302, typeof date === 'string' ? { date } : {}).end()
      return
    }
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const parameters = new URLSearchParams(text)
    const target = request.headers['x-amz-target']
    const action = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : (parameters.get('Action') ?? '')
    const answer = answerTo(action, parameters)
    const { status, body } = typeof target === 'string' ? inJson(answer) : inXml(action, answer)
    const type = typeof target === 'string' ? 'application/x-amz-json-1.1' : 'text/xml'
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const env = { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  return { asked, url, env }
}
