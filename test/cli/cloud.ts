import { installation, project } from '../operations/stacks/installation.ts'
import { type Answer, type AwsServer, awsServer } from '../support/aws-server.ts'
import { FakeCloudFormation } from '../support/cloudformation.ts'
import { type FakeS3, fakeS3, objectAt } from '../support/s3.ts'
import '../support/short-pauses.ts'
import { type Run, run } from './run.ts'

export const account = '123456789012'
/** The stacks of a stage, in order. */
export const keys = ['security', 'network', 'data', 'edge', 'gateway', 'worker', 'admin']

interface Cloud {
  readonly aws: FakeCloudFormation
  readonly s3: FakeS3
  readonly server: AwsServer
  readonly cwd: string
  readonly root: string
  run(...args: string[]): Promise<Run>
}

/** AWS on this machine, a project with a stage, and the installed apigw. */
export async function cloud(
  instead: Readonly<Record<string, Answer>> = {},
  json: Readonly<Record<string, () => string>> = {},
  // No pauses between two polls.
  perLook = 100,
): Promise<Cloud> {
  const aws = new FakeCloudFormation(perLook)
  const s3 = fakeS3(account)
  aws.templateAt = (url) => objectAt(s3, url)
  const server = await awsServer({ ...aws.query, ...instead }, (sent) => {
    const target = String(sent.headers['x-amz-target']).split('.')[1] ?? ''
    const body = json[target]?.()
    return body === undefined ? (aws.rest(sent) ?? s3.rest(sent)) : { status: 200, body, type: 'application/x-amz-json-1.1' }
  })
  const cwd = project()
  const root = installation()
  return { aws, s3, server, cwd, root, run: (...args) => run(args, { cwd, root, env: server.env }) }
}
