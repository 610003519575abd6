import { type Answer, type AwsServer, awsServer } from '../../support/aws-server.ts'

export { type Answer, fields, members } from '../../support/aws-server.ts'

/** IAM and STS on this machine; Lambda (GET) has no functions. */
export function iamServer(answers: Readonly<Record<string, Answer>>): Promise<AwsServer> {
  return awsServer(answers, ({ method }) =>
    method === 'GET' ? { status: 200, body: '{"Functions":[]}', type: 'application/json' } : undefined,
  )
}
