import { trustOf, value } from '../../../policy/index.ts'
import { isAwsOwned } from '../../account/account.ts'
import type { Rule } from '../rule.ts'

/**
 * Services that send aws:SourceArn and aws:SourceAccount when they assume a role, per their documentation on the confused
 * deputy problem. Other services, such as Lambda and EC2, get a role through `iam:PassRole` within the account and send
 * neither key. A condition would break them. CloudTrail assumes its role for CloudWatch Logs without them, too:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
 */
const deputies = new Set(
  [
    'apidestinations.events',
    'appflow',
    'appsync',
    'backup',
    'bedrock',
    'codebuild',
    'config',
    'datasync',
    'delivery.logs',
    'dms',
    'ecs-tasks',
    'export.rds',
    'firehose',
    'grafana',
    'imagebuilder',
    'iot',
    'ivs',
    'kinesisanalytics',
    'logs',
    'pipes',
    'quicksight',
    'scheduler',
    'ses',
    'sns',
    'ssm',
    'ssm-incidents',
    'states',
    'transfer',
    'vpc-flow-logs',
  ].map((name) => `${name}.amazonaws.com`),
)

export const confusedDeputy: Rule = {
  id: 'confused-deputy',
  severity: 'high',
  level: 'trust',
  title: 'Service role without confused deputy protection',
  why: 'A principal in another account that knows the role name can make the service use the role.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention'],
  templates: true,
  *find({ account }) {
    for (const role of account.roles) {
      if (role.trust === undefined || isAwsOwned(role)) continue
      const services = new Set(
        role.trust.statements.flatMap(({ principals }) =>
          (principals?.entries ?? []).filter(({ kind }) => kind === 'Service').map((entry) => entry.value),
        ),
      )
      for (const service of services) {
        if (!deputies.has(service.replace(/\.[a-z]{2}-[a-z]+-\d(?=\.amazonaws)/, '').replace(/\.cn$/, ''))) continue
        const forStranger = new Map([
          ['aws:sourceaccount', value('999999999999')],
          ['aws:sourcearn', value('arn:aws:service:us-east-1:999999999999:stranger')],
          ['aws:sourceorgid', value('o-stranger')],
          ['sts:externalid', value('999999999999')],
        ])
        const { named, on } = trustOf(role.trust, role.arn, { kind: 'Service', service }, 'sts:AssumeRole', forStranger)
        if (named !== 'directly' || on.length > 0) continue
        yield {
          resource: role.arn,
          key: service,
          title: `${service} can assume ${role.name} on behalf of any account`,
          evidence: ['no condition on aws:SourceArn or aws:SourceAccount'],
          fix: `Add to the trust policy: "Condition": {"StringEquals": {"aws:SourceAccount": "${account.id}"}}, then run: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
        }
      }
    }
  },
}
