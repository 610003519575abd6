import { type Answer, type AwsServer, awsServer } from '../../support/aws-server.ts'

export { type Answer, fields, members } from '../../support/aws-server.ts'

/** A local IAM and STS server. Lambda (GET) returns no functions. */
export function iamServer(answers: Readonly<Record<string, Answer>>): Promise<AwsServer> {
  return awsServer(answers, ({ method }) =>
    method === 'GET' ? { status: 200, body: '{"Functions":[]}', type: 'application/json' } : undefined,
  )
}
