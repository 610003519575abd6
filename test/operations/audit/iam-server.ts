import { type Answer, type Asked, type AwsServer, awsServer, fields, members, type Sent } from '../../support/aws-server.ts'
import { account, document } from './build.ts'

export { type Answer, fields, members } from '../../support/aws-server.ts'

const oneRegion =
  '<regionInfo><item><regionName>ap-northeast-2</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo>'

/** A local AWS for audits: IAM and STS by `answers`, one region, and no resources of other services unless `answers` has them. */
export function iamServer(
  answers: Readonly<Record<string, Answer>>,
  lambda: (sent: Sent) => object = () => ({}),
): Promise<AwsServer> {
  const standard = ({ action, parameters }: Asked): Answer =>
    action === 'DescribeRegions' ? oneRegion : parameters.has('Action') ? '' : {}
  return awsServer(
    (asked) => answers[`${asked.service}:${asked.action}`] ?? answers[asked.action] ?? standard(asked),
    (sent) => (sent.method === 'GET' ? { status: 200, body: JSON.stringify(lambda(sent)), type: 'application/json' } : undefined),
  )
}

/** A role as GetAccountAuthorizationDetails answers it. */
export function roleXml(name: string, service: string, actions: string, profile = false): string {
  const encoded = (...statements: Record<string, unknown>[]): string =>
    encodeURIComponent(JSON.stringify(document(...statements)))
  const profileXml = fields({
    Arn: `arn:aws:iam::${account}:instance-profile/${name}-profile`,
    InstanceProfileName: `${name}-profile`,
    InstanceProfileId: 'AIPA1',
    Path: '/',
    CreateDate: '2026-01-01T00:00:00Z',
  })
  return fields({
    Arn: `arn:aws:iam::${account}:role/${name}`,
    RoleName: name,
    RoleId: 'AROA1',
    Path: '/',
    CreateDate: '2026-01-01T00:00:00Z',
    AssumeRolePolicyDocument: encoded({
      Effect: 'Allow',
      Principal: { Service: `${service}.amazonaws.com` },
      Action: 'sts:AssumeRole',
    }),
    RolePolicyList: members(
      fields({ PolicyName: 'p', PolicyDocument: encoded({ Effect: 'Allow', Action: actions, Resource: '*' }) }),
    ),
    InstanceProfileList: profile ? members(profileXml) : undefined,
  })
}
