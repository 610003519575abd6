import { functionOf } from '../../template/functions-called.ts'
import { mapAt } from '../../template/values.ts'
import { byRole, byService, type Duties, logGroupArn, name } from './duty.ts'

/** What Lambda does with the role of a function, outside of its code. */
export const lambda: Duties = (resource, all) => {
  const { properties, attribute } = resource
  const role = String(properties.Role)
  const logs = logGroupArn(all, mapAt(properties, 'LoggingConfig').LogGroup)
  const deadLetters = mapAt(properties, 'DeadLetterConfig').TargetArn
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  const network = ['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DescribeSubnets', 'DeleteNetworkInterface']
  return [
    { kind: 'assume', what: `${name(resource)} runs`, service: 'lambda.amazonaws.com', role },
    ...(logs === undefined
      ? []
      : byRole(`${name(resource)} writes its log`, role, [
          ['logs:CreateLogStream', logs],
          ['logs:PutLogEvents', logs],
        ])),
    ...(properties.VpcConfig === undefined
      ? []
      : byRole(
          `${name(resource)} stands in the network`,
          role,
          network.map((action) => [`ec2:${action}`, '*'] as const),
        )),
    ...(deadLetters === undefined
      ? []
      : byRole(`${name(resource)} keeps failed events`, role, [['sqs:SendMessage', String(deadLetters)]], {
          'lambda:SourceFunctionArn': String(attribute('Arn')),
        })),
  ]
}

/** Lambda's pollers use the function's role (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). */
export const eventSource: Duties = (resource, all) => {
  const of = functionOf(resource.properties.FunctionName, all)
  const queue = String(resource.properties.EventSourceArn)
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'] as const
  return byRole(
    `${name(resource)} polls`,
    String(of?.properties.Role),
    actions.map((action) => [action, queue] as const),
  )
}

/** API Gateway calls the functions that the description of the API names. */
export const restApi: Duties = (resource, all) => {
  const uris = [...JSON.stringify(resource.properties.Body ?? {}).matchAll(/functions\/(arn:[^/"]+)\/invocations/g)]
  const [, , , region = '', account = ''] = uris[0]?.[1]?.split(':') ?? []
  const api = `arn:aws:execute-api:${region}:${account}:${resource.physicalId}`
  const stage = all.find(
    ({ type, properties }) => type === 'AWS::ApiGateway::Stage' && properties.RestApiId === resource.physicalId,
  )
  const call = `${api}/${stage?.physicalId}/POST/v1.0/messages`
  return [...new Set(uris.map(([, arn = '']) => arn))].map((arn) => {
    const [, , , , , , called = ''] = arn.split(':')
    const source = called.endsWith('authorizer') ? `${api}/authorizers/abc123` : call
    return byService(`${name(resource)} calls ${called}`, 'apigateway.amazonaws.com', source, 'lambda:InvokeFunction', arn)
  })
}
