import { describe, expect, test } from 'vitest'
import { AccessEvaluator } from '../../../../src/dev/rehearse/rights/access.ts'
import { dutiesOf } from '../../../../src/dev/rehearse/rights/duties/duties.ts'
import { rightsOf } from '../../../../src/dev/rehearse/rights/rights.ts'
import { resolveStage, type SentStack } from '../../../../src/dev/rehearse/template/stage.ts'
import type { StackKey } from '../../../../src/domain/stage.ts'
import { templates } from '../../../../src/operations/trail/index.ts'
import { least, place, sentStage, shipped, withChange } from '../stages.ts'

const stage = await sentStage(least, shipped())
const trail: SentStack = {
  key: undefined,
  name: 'apigw-trail',
  templateBody: (await templates({})).home,
  parameters: { CodeBucket: 'apigw-artifacts', CodeKey: 'notifier.zip' },
  inputs: [],
}

/** What AWS would be denied, after a template was changed. */
function deniedAfter(key: StackKey | 'trail', from: string | RegExp, to: string): string[] {
  const changedTrail = { ...trail, templateBody: trail.templateBody.replace(from, to) }
  if (key === 'trail' && changedTrail.templateBody === trail.templateBody) throw new Error(`${key} has no ${from}`)
  const changed = key === 'trail' ? [...stage, changedTrail] : [...withChange(stage, key, from, to), trail]
  const all = [...resolveStage(changed, place).values()].flatMap(({ resources }) => [...resources.values()])
  const access = new AccessEvaluator(rightsOf(all), place)
  return dutiesOf(all).flatMap((duty) => {
    const verdict =
      duty.kind === 'assume' ? access.mayAssume(duty.service, duty.role) : access.evaluate(duty.sender, duty.request)
    return verdict.allowed ? [] : [`${duty.what}: ${verdict.reason}`]
  })
}

const faults: readonly {
  readonly what: string
  readonly key: StackKey | 'trail'
  readonly from: string | RegExp
  readonly to: string
  readonly finds: RegExp
}[] = [
  {
    what: 'findings of GuardDuty that the topic does not let in',
    key: 'security',
    from: /Principal: \{Service: events\.amazonaws\.com\}\n {12}Action: sns:Publish/,
    to: 'Principal: {Service: ec2.amazonaws.com}\n            Action: sns:Publish',
    finds: /DetectionRule reaches its target: the policy of arn:aws:sns:.* does not allow events/,
  },
  {
    what: 'a condition on a key that EventBridge does not send',
    key: 'trail',
    from: /(Principal: \{Service: events\.amazonaws\.com\}\n {12}Action: sns:Publish\n {12}Resource: !Ref Topic)/,
    to: "$1\n            Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}",
    finds: /reaches its target: the policy of arn:aws:sns:.*apigw-trail-alerts does not allow events/,
  },
  {
    what: 'a condition on the role of CloudTrail, which sends no such key',
    key: 'trail',
    from: /(Principal: \{Service: cloudtrail\.amazonaws\.com\}\n {12}Action: sts:AssumeRole)/,
    to: "$1\n            Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}",
    finds: /apigw-trail\/Trail writes to its log group: .* does not let cloudtrail\.amazonaws\.com assume it/,
  },
  {
    what: 'an encrypted topic whose key CloudWatch may not use',
    key: 'security',
    from: /\[budgets\.amazonaws\.com, cloudwatch\.amazonaws\.com\]\}\n {12}Action:\n {14}- kms:Decrypt/,
    to: 'budgets.amazonaws.com}\n            Action:\n              - kms:Decrypt',
    finds: /alarms: kms:GenerateDataKey on the key of .*-alerts/,
  },
  {
    what: 'a boundary without what the pollers of Lambda need',
    key: 'security',
    from: '              - sqs:ReceiveMessage\n              - sqs:SendMessage\n            Resource:\n              - !Sub',
    to: '              - sqs:SendMessage\n            Resource:\n              - !Sub',
    finds: /CarrierTrigger polls: sqs:ReceiveMessage: not allowed by the permissions boundary/,
  },
  {
    what: 'a function in the network whose role may make no interface',
    key: 'worker',
    from: /(WorkerRole:[\s\S]*?)ManagedPolicyArns: .*\n/,
    to: '$1\n',
    finds: /WorkerFunction stands in the network: ec2:CreateNetworkInterface: not allowed by any identity policy/,
  },
  {
    what: 'a gateway that API Gateway may not invoke',
    key: 'gateway',
    from: /\$\{Api\}\/live\/\*'/,
    to: "${Api}/other/*'",
    finds: /Api calls apigw-prod-gateway: the policy of .*function:apigw-prod-gateway:live does not allow apigateway/,
  },
  {
    what: 'access logs that the bucket does not let in',
    key: 'edge',
    from: '/balancer/AWSLogs/',
    to: '/AWSLogs/',
    finds: /Balancer writes its log: the policy of arn:aws:s3:::.* does not allow logdelivery/,
  },
]

describe('AWS would do nothing, and say nothing, for', () => {
  test('none of the shipped templates', () => expect(deniedAfter('trail', 'Parameters:', 'Parameters: ')).toEqual([]))
  test.each(faults)('$what', ({ key, from, to, finds }) => {
    expect(deniedAfter(key, from, to)).toEqual(expect.arrayContaining([expect.stringMatching(finds)]))
  })
})
