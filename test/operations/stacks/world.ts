import { onTestFinished, vi } from 'vitest'
import type { Change, DesiredStack, StackClients, Steps } from '../../../src/operations/stacks/index.ts'
import { stackClients } from '../../../src/operations/stacks/index.ts'
import { type Answer, type AwsServer, awsServer } from '../../support/aws-server.ts'
import { FakeCloudFormation } from '../../support/cloudformation.ts'
import { type FakeS3, fakeS3, objectAt } from '../../support/s3.ts'

export const account = '123456789012'
export const region = 'ap-northeast-2'

export interface World {
  readonly server: AwsServer
  readonly aws: FakeCloudFormation
  readonly s3: FakeS3
  readonly clients: StackClients
  /** How often each action was called. */
  count(action: string): number
}

/** CloudFormation, STS and S3 on this machine, and clients that do not pause between polls. */
export async function world(instead: (aws: FakeCloudFormation) => Readonly<Record<string, Answer>> = () => ({})): Promise<World> {
  const aws = new FakeCloudFormation()
  const s3 = fakeS3(account)
  aws.templateAt = (url) => objectAt(s3, url)
  const server = await awsServer({ ...aws.query, ...instead(aws) }, (sent) => aws.rest(sent) ?? s3.rest(sent))
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value)
  const clients = { ...(await stackClients({ region, profile: undefined })), pause: async () => undefined }
  onTestFinished(() => {
    clients.close()
    vi.unstubAllEnvs()
  })
  return { server, aws, s3, clients, count: (action) => server.asked.filter((one) => one.action === action).length }
}

export interface Recorded extends Steps {
  readonly reported: string[]
  readonly approvals: (readonly Change[])[]
}

/** Approves everything and records what was reported. */
export function steps(more: Partial<Steps> = {}): Recorded {
  const reported: string[] = []
  const approvals: (readonly Change[])[] = []
  const { approve = async () => true, ...rest } = more
  return {
    reported,
    approvals,
    report: (line) => void reported.push(line),
    approve: async (changes) => {
      approvals.push(changes)
      return approve(changes)
    },
    ...rest,
  }
}

/** A template of resources by name and type; `+Retain` after a type is its deletion policy. */
export function template(resources: Readonly<Record<string, string>>, outputs: Readonly<Record<string, string>> = {}): string {
  const of = Object.entries(resources).map(([id, type]) => {
    const [Type, DeletionPolicy] = type.split('+')
    return [id, { Type, ...(DeletionPolicy !== undefined && { DeletionPolicy }) }]
  })
  const values = Object.entries(outputs).map(([key, Value]) => [key, { Value }])
  return JSON.stringify({ Resources: Object.fromEntries(of), Outputs: Object.fromEntries(values) })
}

export function wanted(resources: Readonly<Record<string, string>>, more: Partial<DesiredStack> = {}): DesiredStack {
  return { name: 'apigw-dev-data', templateBody: template(resources, { Answer: '42' }), parameters: {}, ...more }
}
