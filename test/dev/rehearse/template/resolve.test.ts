import { describe, expect, test } from 'vitest'
import { resolveStack } from '../../../../src/dev/rehearse/template/resolve.ts'
import { readSections } from '../../../../src/operations/cloudformation/index.ts'

const place = { account: '123456789012', region: 'ap-northeast-2' }

function resolve(
  template: string,
  parameters: Readonly<Record<string, string>> = {},
  imports: Readonly<Record<string, string>> = {},
) {
  return resolveStack({
    name: 'apigw-prod-data',
    template: readSections(template, { name: 'data.yaml', code: 'config-invalid' }),
    parameters,
    place,
    imports,
  })
}

describe('a template', () => {
  test('functions give what CloudFormation gives', () => {
    const { resources, outputs, exports } = resolve(
      `
Parameters:
  Stage: {Type: String}
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
  Size: {Type: String, Default: small}
Mappings: {Sizes: {small: {class: db.t4g.micro}}}
Conditions:
  Small: !Equals [!Ref Size, small]
  Large: !Not [!Condition Small]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    Properties:
      QueueName: !Sub 'apigw-\${Stage}-a'
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
      Tags: [!If [Large, {Key: large, Value: 'yes'}, !Ref AWS::NoValue], {Key: zone, Value: !Select [1, !GetAZs '']}]
      KmsMasterKeyId: !If [Large, key, !Ref AWS::NoValue]
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: !Join ['-', [apigw, !Ref Stage, dlq]]}}
  Never: {Type: AWS::SQS::Queue, Condition: Large}
  Subnet:
    Type: AWS::EC2::Subnet
    DependsOn: [Queue]
    Properties: {CidrBlock: !Select [2, !Cidr [10.40.0.0/16, 4, 12]], Text: !Sub ['\${A} \${!B}', {A: !FindInMap [Sizes, !Ref Size, class]}]}
Outputs:
  Names: {Value: !Join ['+', !Ref Names], Export: {Name: !Sub '\${Stage}-names'}}
  Url: {Value: !Ref Queue}
  Large: {Condition: Large, Value: none}
  Vpc: {Value: !ImportValue {'Fn::Sub': 'apigw-\${Stage}-vpc'}}
`,
      { Stage: 'prod' },
      { 'apigw-prod-vpc': 'vpc-1' },
    )
    expect([...resources.keys()]).toEqual(['Queue', 'Dead', 'Subnet'])
    expect(resources.get('Queue')).toMatchObject({
      physicalId: 'https://sqs.ap-northeast-2.amazonaws.com/123456789012/apigw-prod-a',
      deletionPolicy: 'Retain',
      dependsOn: ['Dead'],
      properties: {
        QueueName: 'apigw-prod-a',
        RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:ap-northeast-2:123456789012:apigw-prod-dlq', maxReceiveCount: 5 },
        Tags: [{ Key: 'zone', Value: 'ap-northeast-2b' }],
      },
    })
    expect(resources.get('Queue')?.properties).not.toHaveProperty('KmsMasterKeyId')
    expect(resources.get('Subnet')).toMatchObject({
      dependsOn: ['Queue'],
      properties: { CidrBlock: '10.40.32.0/20', Text: 'db.t4g.micro ${B}' },
    })
    expect(outputs).toEqual({
      Names: 'a+b',
      Url: 'https://sqs.ap-northeast-2.amazonaws.com/123456789012/apigw-prod-a',
      Vpc: 'vpc-1',
    })
    expect(exports).toEqual({ 'prod-names': 'a+b' })
  })

  const broken: readonly (readonly [what: string, template: string, message: string])[] = [
    [
      'a parameter without a value',
      'Parameters: {Stage: {Type: String}}',
      'Parameters.Stage: Parameters: [Stage] must have values',
    ],
    [
      'a name that nothing has',
      'Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Gone}}}',
      'Resources.A.Properties.QueueName: Unresolved resource dependency [Gone]',
    ],
    [
      'an attribute that the type does not have',
      'Resources: {A: {Type: AWS::SQS::Queue, Properties: {Tags: [!GetAtt A.Url]}}}',
      'Resources.A.Properties.Tags.0: A (AWS::SQS::Queue) has no attribute Url',
    ],
    [
      'a resource that is not made',
      'Conditions: {No: !Equals [a, b]}\nResources: {A: {Type: AWS::SQS::Queue, Condition: No}}\nOutputs: {A: {Value: !Ref A}}',
      'Outputs.A: A is not made, because its condition is false',
    ],
    ['an export that no stack has', 'Outputs: {A: {Value: !ImportValue vpc}}', 'Outputs.A: No export named vpc found'],
    [
      'a rule whose assertion is false',
      'Rules: {R: {Assertions: [{Assert: !Equals [a, b], AssertDescription: They differ.}]}}',
      'Rules.R: They differ.',
    ],
    [
      'an unknown function',
      'Outputs: {A: {Value: {Fn::ToJsonString: a}}}',
      'Outputs.A: CloudFormation has no function Fn::ToJsonString here',
    ],
  ]
  test.each(broken)('with %s is refused with its place', (_what, template, message) => {
    expect(() => resolve(template)).toThrow(message)
  })
  test('a parameter that the template does not have is refused', () => {
    expect(() => resolve('Resources: {}', { Stage: 'a' })).toThrow('Parameters: [Stage] do not exist in the template')
  })
})
