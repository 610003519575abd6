import { type Run, run, runCli, temporaryFolder } from '../../cli/run.ts'
import { type Answer, type AwsServer, awsServer, type RestAnswer, type Sent, signedRegion } from '../../support/aws-server.ts'
import { FakeCloudFormation } from '../../support/cloudformation.ts'
import { type FakeS3, fakeS3 } from '../../support/s3.ts'
import '../../support/short-pauses.ts'

export const account = '123456789012'
export const home = 'ap-northeast-2'
/** The secret part of the webhook of `loopbackSlack`; it may be only in Secrets Manager. */
export const secretPart = 'secret-part'

export interface FakeTrail {
  readonly Name: string
  readonly IsMultiRegionTrail: boolean
  readonly CloudWatchLogsLogGroupArn?: string
}

/** The result of a Lambda function, or its error. */
export type Invoke = (payload: unknown) => Promise<{ readonly failed?: string }>

export interface Cloud {
  readonly aws: FakeCloudFormation
  readonly s3: FakeS3
  readonly server: AwsServer
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly secrets: Map<string, string>
  readonly trails: FakeTrail[]
  readonly logGroups: Set<string>
  /** Denied actions, such as `CreateSecret`. */
  readonly denied: Set<string>
  /** Calls of JSON services: action and body. */
  readonly called: { readonly action: string; readonly body: string }[]
  /** The region of the last call for each stack. */
  readonly regions: Map<string, string>
  invoke: Invoke
  /** Called before each response of CloudFormation, with the stack name. */
  onCall: (action: string, stack: string) => void
  run(...args: string[]): Promise<Run>
  /** Runs the compiled program in its own process. */
  program(stdin: string, ...args: string[]): Promise<Run>
  /** Everything that was sent to AWS, except to Secrets Manager. */
  sentElsewhere(): string
  /** The state of all resources, to compare before and after. */
  state(): unknown
}

const denial = (action: string) =>
  `User: arn:aws:iam::${account}:user/jane is not authorized to perform: ${action} on resource: * because no identity-based policy allows it`

const json = (body: object, status = 200): RestAnswer => ({
  status,
  body: JSON.stringify(body),
  type: 'application/x-amz-json-1.1',
})
const missing = json({ __type: 'ResourceNotFoundException', message: 'there is none' }, 400)

function secretsManager(secrets: Map<string, string>, action: string, body: string): RestAnswer | undefined {
  const { SecretId, Name, SecretString } = JSON.parse(body)
  const name = SecretId ?? Name
  if (action === 'CreateSecret') {
    if (secrets.has(name)) return json({ __type: 'ResourceExistsException', message: 'it exists' }, 400)
    secrets.set(name, SecretString)
    return json({ Name: name })
  }
  if (!['GetSecretValue', 'PutSecretValue', 'DeleteSecret'].includes(action)) return undefined
  if (!secrets.has(name)) return missing
  if (action === 'PutSecretValue') secrets.set(name, SecretString)
  const found = { Name: name, SecretString: secrets.get(name) }
  if (action === 'DeleteSecret') secrets.delete(name)
  return json(found)
}

/** Local fakes of the trail's AWS services, which record calls and can deny them. */
export async function cloud(more: Readonly<Record<string, string>> = {}) {
  const aws = new FakeCloudFormation(100)
  const s3 = fakeS3(account)
  const secrets = new Map<string, string>()
  const trails: FakeTrail[] = []
  const logGroups = new Set<string>()
  const denied = new Set<string>()
  const called: { action: string; body: string }[] = []
  const rest: string[] = []
  const regions = new Map<string, string>()

  const ofJson = (service: string, action: string, body: string): RestAnswer | undefined => {
    called.push({ action, body })
    if (denied.has(action)) return json({ __type: 'AccessDeniedException', message: denial(`${service}:${action}`) }, 400)
    if (action === 'DescribeTrails') return json({ trailList: trails })
    if (action === 'DeleteLogGroup') return logGroups.delete(JSON.parse(body).logGroupName) ? json({}) : missing
    return secretsManager(secrets, action, body)
  }
  const ofLambda = async (body: string): Promise<RestAnswer> => {
    if (denied.has('Invoke')) {
      return {
        ...json({ Message: denial('lambda:InvokeFunction') }, 403),
        headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      }
    }
    const { failed } = await made.invoke(JSON.parse(body))
    if (failed === undefined) return json({})
    return { ...json({ errorType: 'Error', errorMessage: failed }), headers: { 'x-amz-function-error': 'Unhandled' } }
  }
  const query = Object.fromEntries(
    Object.entries(aws.query).map(([action, answer]): [string, Answer] => [
      action,
      (asked) => {
        const stack = asked.parameters.get('StackName') ?? asked.parameters.get('ChangeSetName') ?? ''
        if (action === 'CreateChangeSet') regions.set(stack, asked.region)
        made.onCall(action, stack)
        return denied.has(action) ? { error: 'AccessDenied', message: denial(`cloudformation:${action}`) } : answer
      },
    ]),
  )
  const server = await awsServer(query, (sent: Sent) => {
    const [service = '', action] = String(sent.headers['x-amz-target'] ?? '')
      .split('.')
      .slice(-2)
    if (action === undefined) {
      rest.push(`${sent.url.pathname} ${sent.body}`)
      return sent.url.pathname.startsWith('/2015-03-31/functions/') ? ofLambda(sent.body) : s3.rest(sent)
    }
    rest.push(`${signedRegion(sent.headers)} ${service}.${action}`)
    return ofJson(service.toLowerCase().replace(/_\d+$/, ''), action, sent.body)
  })
  const env = { ...server.env, ...more }
  const cwd = temporaryFolder()
  const made: Cloud = {
    aws,
    s3,
    server,
    env,
    cwd,
    secrets,
    trails,
    logGroups,
    denied,
    called,
    regions,
    invoke: async () => ({}),
    onCall: () => undefined,
    run: (...args) => run(['trail', ...args], { cwd, env }),
    program: (stdin, ...args) => runCli(['trail', ...args], { cwd, env, stdin }),
    sentElsewhere: () => {
      const keeping = new Set(['CreateSecret', 'PutSecretValue'])
      const asked = server.asked.map(({ parameters }) => decodeURIComponent(parameters.toString()))
      return [...asked, ...rest, ...called.filter(({ action }) => !keeping.has(action)).map(({ body }) => body)].join('\n')
    },
    state: () => ({
      stacks: [...aws.stacks.values()].map(({ name, status, template, parameters }) => ({ name, status, template, parameters })),
      buckets: [...s3.buckets].map(([name, { objects }]) => [name, ...objects.keys()]),
      secrets: [...secrets],
      logGroups: [...logGroups],
    }),
  }
  aws.outputs.set('apigw-trail', {
    TopicArn: `arn:aws:sns:${home}:${account}:apigw-trail-alerts`,
    FunctionName: 'apigw-trail-notifier',
    DeadLetterQueueUrl: `https://sqs.${home}.amazonaws.com/${account}/apigw-trail-dead`,
    // The names that FakeCloudFormation gives to retained resources.
    LogGroup: 'eventsloggroup-1',
    BucketName: 'bucket-1',
    TrailName: 'apigw-trail',
  })
  return made
}

/** The same, with the trail installed. */
export async function installed(webhook: string, more: Readonly<Record<string, string>> = {}): Promise<Cloud> {
  const made = await cloud(more)
  const { code, stderr } = await run(['trail', 'install', '--yes', '--email', 'ops@example.com'], {
    cwd: made.cwd,
    env: { ...made.env, APIGW_SLACK_WEBHOOK: webhook },
  })
  if (code !== 0) throw new Error(stderr)
  made.s3.buckets.set('bucket-1', { owner: account, settings: new Map(), objects: new Map([['AWSLogs/1.gz', '{}']]) })
  made.logGroups.add('eventsloggroup-1').add('/someone/else')
  return made
}
