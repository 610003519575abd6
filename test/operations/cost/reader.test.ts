import { expect, onTestFinished, test, vi } from 'vitest'
import { awsCostReader } from '../../../src/operations/cost/reader.ts'
import type { Metric } from '../../../src/operations/cost/subjects.ts'
import { type Answer, awsServer } from '../../support/aws-server.ts'

const metric = (name: string, statistic: Metric['statistic'] = 'Sum'): Metric => ({
  ...{ namespace: 'AWS/SQS', name, statistic },
  dimensions: { QueueName: 'apigw-prod-carrier' },
})
const span = { start: Date.UTC(2026, 10), end: Date.UTC(2026, 10, 16) }

async function readerOf(answers: Readonly<Record<string, Answer>>) {
  const server = await awsServer(answers)
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const reader = await awsCostReader({ region: 'us-east-1', profile: undefined })
  onTestFinished(() => reader.close())
  return { reader, server }
}

test('figures are summed over days and pages, and of averages the last is taken', async () => {
  const { reader, server } = await readerOf({
    GetMetricData: ({ body }) => {
      const { NextToken } = JSON.parse(body)
      if (NextToken === undefined) {
        const MetricDataResults = [
          { Id: 'm0', Values: [1, 2] },
          { Id: 'm1', Values: [5, 7] },
        ]
        return { MetricDataResults, NextToken: 'more' }
      }
      return {
        MetricDataResults: [
          { Id: 'm0', Values: [4] },
          { Id: 'm9', Values: [9] },
        ],
      }
    },
  })
  const metrics = [metric('NumberOfEmptyReceives'), metric('BucketSizeBytes', 'Average'), metric('NumberOfMessagesSent')]
  // CloudWatch says nothing of the third.
  expect(await reader.figures(metrics, span)).toEqual([7, 7, 0])
  const [first] = server.asked
  const { MetricDataQueries } = JSON.parse(first?.body ?? '')
  expect(MetricDataQueries[0]).toMatchObject({
    Id: 'm0',
    MetricStat: { Metric: { MetricName: 'NumberOfEmptyReceives' }, Period: 86_400, Stat: 'Sum' },
  })
})

test('pages of figures end', async () => {
  const { reader, server } = await readerOf({ GetMetricData: () => ({ MetricDataResults: [], NextToken: 'more' }) })
  await expect(reader.figures([metric('NumberOfMessagesSent')], span)).rejects.toThrow(/more than 20 pages/)
  expect(server.asked).toHaveLength(20)
})

test('queues and addresses are read, and a missing right is named', async () => {
  const { reader } = await readerOf({
    GetQueueAttributes: { Attributes: { ReceiveMessageWaitTimeSeconds: '20', KmsMasterKeyId: '' } },
    DescribeAddresses: { error: 'UnauthorizedOperation', message: 'no', status: 403 },
  })
  expect(await reader.queue('https://sqs.us-east-1.amazonaws.com/1/q')).toEqual({
    ...{ waitSeconds: 20, key: undefined, keyReuseSeconds: 300 },
  })
  await expect(reader.addresses()).rejects.toMatchObject({
    code: 'aws-denied',
    message: 'You lack the right ec2:DescribeAddresses.',
  })
})
