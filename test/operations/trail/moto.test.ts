import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation'
import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail'
import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openQueue } from '../../../src/runtime/ports/index.ts'
import { run } from '../../cli/run.ts'
import { bridged, example, sns, world } from '../../runtime/notifier/world.ts'
import { hasMoto, startMoto } from '../../support/moto.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { until } from '../../support/until.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
let moto: Awaited<ReturnType<typeof startMoto>>
const client = () => ({ region: 'ap-northeast-2', endpoint: moto.env.AWS_ENDPOINT_URL ?? '', credentials })

/** The resources that moto creates from a template, with the names of the real stack. */
const template = JSON.stringify({
  Resources: {
    Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'apigw-trail-alerts', KmsMasterKeyId: 'alias/apigw-trail' } },
    Operators: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'apigw-trail-operators' } },
    Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'apigw-trail-dead' } },
    Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/apigw-trail/notifier' } },
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        // moto returns an object, and AWS returns text.
        KeyPolicy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com'] },
              Action: 'kms:*',
              Resource: '*',
              Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
            },
          ],
        }),
      },
    },
  },
  Outputs: {
    TopicArn: { Value: { Ref: 'Topic' } },
    OperatorsTopicArn: { Value: { Ref: 'Operators' } },
    DeadLetterQueueUrl: { Value: { Ref: 'Dead' } },
    FunctionName: { Value: 'apigw-trail-notifier' },
    LogGroup: { Value: '/events' },
    TrailName: { Value: 'apigw-trail' },
    KeyArn: { Value: { 'Fn::GetAtt': ['Key', 'Arn'] } },
  },
})

beforeAll(async () => {
  if (!hasMoto) return
  moto = await startMoto()
  await new CloudFormationClient(client()).send(new CreateStackCommand({ StackName: 'apigw-trail', TemplateBody: template }))
})
afterAll(() => moto?.stop())

const cwd = process.cwd()
const cli = (...args: string[]) => run(['trail', ...args], { cwd, env: moto.env })

describe.skipIf(!hasMoto)('against moto (skipped if it is not installed)', () => {
  it('SNS delivers a message, and the shipped handler posts it to Slack once', async () => {
    const { slack, run: handle } = await world()
    const handled: Promise<unknown>[] = []
    // In place of Lambda: receives SNS's notification and invokes the handler with it.
    const lambda = createServer(async (request, response) => {
      const Sns = JSON.parse(await text(request))
      handled.push(handle({ Records: [{ EventSource: 'aws:sns', Sns }] }))
      response.end()
    })
    await new Promise<void>((resolve) => lambda.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void lambda.close())
    const topics = new SNSClient(client())
    const TopicArn = 'arn:aws:sns:ap-northeast-2:123456789012:apigw-trail-alerts'
    const Endpoint = `http://127.0.0.1:${(lambda.address() as AddressInfo).port}/`
    await topics.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }))
    const event = JSON.stringify(bridged(example('trail-stopped')))
    await topics.send(new PublishCommand({ TopicArn, Message: event }))
    await topics.send(new PublishCommand({ TopicArn, Message: event }))
    await topics.send(new PublishCommand({ TopicArn, Message: 'over budget', Subject: 'AWS Budgets: over' }))
    await until(() => handled.length >= 3)
    await Promise.all(handled)
    const posted = JSON.stringify(slack.delivered)
    expect(slack.delivered).toHaveLength(2)
    expect(posted).toContain('CloudTrail was stopped')
    expect(posted).toContain('AWS Budgets: over')
  })

  it('trail test sends one event per rule through EventBridge, and waits until the notifier has posted it', async () => {
    const { logs, run: handle } = await world()
    const events = new EventBridgeClient(client())
    await events.send(
      new PutRuleCommand({ Name: 'apigw-trail-events-1', EventPattern: JSON.stringify({ source: ['apigw.trail'] }) }),
    )
    const queue = openQueue({ ...client(), credentials: async () => credentials })
    onTestFinished(() => queue.close())
    const Arn = 'arn:aws:sqs:ap-northeast-2:123456789012:apigw-trail-dead'
    await events.send(new PutTargetsCommand({ Rule: 'apigw-trail-events-1', Targets: [{ Id: 'q', Arn }] }))
    const cloudWatchLogs = new CloudWatchLogsClient(client())
    const stream = { logGroupName: '/apigw-trail/notifier', logStreamName: 'run' }
    await cloudWatchLogs.send(new CreateLogStreamCommand(stream))
    // In place of SNS and Lambda: handles messages, and writes the handler's log where Lambda does.
    let running = true
    const pipeline = (async () => {
      while (running) {
        for (const { body, receipt } of await queue.receive('apigw-trail-dead', { most: 10, waitSeconds: 0 })) {
          await handle({ Records: [sns(body)] })
          await queue.delete('apigw-trail-dead', [receipt])
        }
        const lines = logs.splice(0).map((line) => ({ timestamp: Date.now(), message: JSON.stringify(line) }))
        if (lines.length > 0) await cloudWatchLogs.send(new PutLogEventsCommand({ ...stream, logEvents: lines }))
      }
    })()
    const { stdout, code } = await cli(
      'test',
      '--rule',
      'trail-stopped',
      '--rule',
      'guardduty-high',
      '--rule',
      'access-denied-burst',
      '--json',
    )
    running = false
    await pipeline
    expect(JSON.parse(stdout).rules).toEqual(
      ['access-denied-burst', 'guardduty-high', 'trail-stopped'].map((rule) => ({ rule, arrived: true })),
    )
    expect(code).toBe(0)
  })

  it('trail test lists events that do not arrive', async () => {
    const { stdout, stderr, code } = await cli('test', '--rule', 'user-created', '--timeout', '5')
    expect(stdout).toContain('user-created')
    expect(stderr).toContain('Next: apigw trail status')
    expect(code).toBe(1)
  })

  it('dead letters are listed with a description, and returned to the queue', async () => {
    const queue = openQueue({ ...client(), credentials: async () => credentials })
    onTestFinished(() => queue.close())
    await queue.purge('apigw-trail-dead')
    await queue.sendBatch('apigw-trail-dead', [
      JSON.stringify({ Records: [sns(bridged(example('trail-stopped')))] }),
      JSON.stringify({ Type: 'Notification', ...sns('free text', { Subject: 'hello' }).Sns }),
      JSON.stringify(bridged(example('user-created'))),
      'not even JSON',
    ])
    for (let round = 0; round < 2; round++) {
      const { stdout, code } = await cli('dlq', 'list', '--json')
      const letters: { kind: string; about: string }[] = JSON.parse(stdout).letters
      expect(letters.map(({ kind, about }) => `${kind} ${about}`).sort()).toEqual([
        'activity CreateUser',
        'activity StopLogging',
        'text hello',
        'text not even JSON',
      ])
      expect(code).toBe(0)
    }
  })

  it('status checks each part, and shows the command to run', async () => {
    const slack = await loopbackSlack([{ status: 404, body: 'no_service' }])
    const s3 = new S3Client({ ...client(), forcePathStyle: true })
    await s3.send(
      new CreateBucketCommand({ Bucket: 'trail', CreateBucketConfiguration: { LocationConstraint: 'ap-northeast-2' } }),
    )
    const trails = new CloudTrailClient(client())
    await trails.send(new CreateTrailCommand({ Name: 'apigw-trail', S3BucketName: 'trail', IsMultiRegionTrail: true }))
    await new SecretsManagerClient(client()).send(new CreateSecretCommand({ Name: 'apigw-trail-slack', SecretString: slack.url }))
    const stopped = await cli('status', '--json')
    const byName = (stdout: string) =>
      new Map<string, { state: string; detail: string; fix: string }>(
        JSON.parse(stdout).checks.map((one: { check: string }) => [one.check, one]),
      )
    const before = byName(stopped.stdout)
    expect(before.get('trail')).toMatchObject({ state: 'fail', fix: 'aws cloudtrail start-logging --name apigw-trail' })
    expect(before.get('topic')).toMatchObject({ state: 'fail', detail: expect.stringContaining('may not publish') })
    // EventBridge sends no source account, so the key's condition excludes it.
    expect(before.get('key')).toMatchObject({
      state: 'fail',
      detail: expect.stringMatching(/^events\.amazonaws\.com may not use/),
    })
    expect(before.get('subscriptions')).toMatchObject({ state: 'fail', fix: 'apigw trail install' })
    expect(before.get('notifier')?.state).toBe('fail')
    expect(before.get('dead letters')).toMatchObject({ state: 'fail', fix: expect.stringContaining('apigw trail dlq') })
    expect(before.get('webhook')).toMatchObject({ state: 'fail', detail: expect.stringContaining('no_service') })
    expect(stopped.code).toBe(1)
    expect(stopped.stdout + stopped.stderr).not.toContain('secret-part')
    await trails.send(new StartLoggingCommand({ Name: 'apigw-trail' }))
    const after = byName((await cli('status', '--json')).stdout)
    expect(after.get('trail')?.state).not.toBe('fail')
    expect(after.get('webhook')?.state).toBe('ok')
    // The check posts nothing, because Slack rejects the empty message of the probe.
    expect(slack.posted).toEqual([{}, {}])
  })
})
