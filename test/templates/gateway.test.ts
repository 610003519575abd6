import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Problem, type ProblemCode } from '../../src/domain/problem.ts'
import { listOf, mapOf, stackNamed } from './stacks.ts'

const { resources } = stackNamed('gateway')

function propertiesOf(name: string) {
  const found = resources.find((resource) => resource.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found.properties
}

const body = mapOf(propertiesOf('Api').Body)

// A deployment is a snapshot of the API. Changes of its methods, its policy and its binary media types reach callers only with
// the next one (https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html).
it('a change of an API creates a new deployment', () => {
  const named = (prefix: string, api: string) =>
    `${prefix}${createHash('sha256')
      .update(JSON.stringify(propertiesOf(api)))
      .digest('hex')
      .slice(0, 10)}`
  const names = [named('Deployment', 'Api'), named('RegionalDeployment', 'RegionalApi')]
  const deployments = resources.filter(({ type }) => type === 'AWS::ApiGateway::Deployment').map((one) => one.name)
  expect(deployments, 'rename the deployment: its name ends in the hash of all properties of its API').toEqual(names)
  expect(['ApiStage', 'RegionalStage'].map((stage) => propertiesOf(stage).DeploymentId)).toEqual(names.map((Ref) => ({ Ref })))
})

describe('the regional API', () => {
  it('has the methods, the authorizer and the errors of the private one', () => {
    const { info: _own, ...regional } = mapOf(propertiesOf('RegionalApi').Body)
    const { info: _other, ...behindBalancer } = body
    expect(regional).toEqual(behindBalancer)
  })

  it('answers at its domain alone, behind the firewall, with throttles and an access log', () => {
    expect(propertiesOf('RegionalApi')).toMatchObject({
      EndpointConfiguration: { Types: ['REGIONAL'] },
      DisableExecuteApiEndpoint: true,
    })
    expect(propertiesOf('RegionalMapping')).toEqual({
      DomainName: { Ref: 'RegionalDomain' },
      RestApiId: { Ref: 'RegionalApi' },
      Stage: { Ref: 'RegionalStage' },
    })
    expect(propertiesOf('RegionalFirewall').WebACLArn).toEqual({ Ref: 'WebAclArn' })
    const { MethodSettings, AccessLogSetting, Variables } = propertiesOf('RegionalStage')
    expect(listOf(MethodSettings)).toMatchObject([
      {
        DataTraceEnabled: false,
        ThrottlingRateLimit: { Ref: 'RequestsASecond' },
        ThrottlingBurstLimit: { Ref: 'BurstRequests' },
      },
    ])
    // Otherwise what a caller writes into X-Forwarded-For would be taken for its address.
    expect(Variables).toEqual({ trustedProxies: '0' })
    expect(JSON.parse(String(mapOf(AccessLogSetting).Format))).toMatchObject({ address: '$context.identity.sourceIp' })
    const domain = stackNamed('edge').resources.find(({ type }) => type === 'AWS::ApiGateway::DomainName')
    expect(domain?.properties).toMatchObject({ SecurityPolicy: 'TLS_1_2', EndpointConfiguration: { Types: ['REGIONAL'] } })
  })
})

describe('errors from API Gateway itself', () => {
  const responses = Object.entries(mapOf(body['x-amazon-apigateway-gateway-responses']))

  it.each(responses)('%s has the problem format of the gateway', (_, value) => {
    const { statusCode, responseTemplates, responseParameters } = mapOf(value)
    const said = JSON.parse(String(mapOf(responseTemplates)['application/json']))
    const problem = new Problem(said.code as ProblemCode, 'x')
    expect(said).toEqual({
      type: `urn:apigw:problem:${said.code}`,
      title: problem.title,
      status: problem.status,
      code: said.code,
      retryable: problem.retryable,
    })
    expect(statusCode).toBe(problem.status)
    expect(mapOf(responseParameters)['gatewayresponse.header.Content-Type']).toBe("'application/problem+json'")
    expect('gatewayresponse.header.Retry-After' in mapOf(responseParameters)).toBe(problem.retryable)
  })
})

describe('the API', () => {
  const paths = Object.entries(mapOf(body.paths))
  const secured = paths.filter(([, methods]) => Object.values(mapOf(methods)).every((method) => 'security' in mapOf(method)))

  it('sends both environments, except for tokens, through the authorizer, and caches nothing', () => {
    expect(secured.map(([path]) => path)).toEqual(['/v1.0/{proxy+}', '/test/v1.0/{proxy+}'])
    const open = paths.filter((one) => !secured.includes(one)).map(([path]) => path)
    expect(open).toEqual(['/{proxy+}', '/', '/v1.0/token', '/test/v1.0/token'])
    const scheme = mapOf(mapOf(mapOf(body.components).securitySchemes).caller)
    expect(mapOf(scheme['x-amazon-apigateway-authorizer'])).toMatchObject({ type: 'request', authorizerResultTtlInSeconds: 0 })
  })

  it('is reachable only through its endpoint, has throttles and an access log, and never logs bodies', () => {
    const [statement, ...more] = listOf(mapOf(propertiesOf('Api').Policy).Statement).map(mapOf)
    expect(more).toEqual([])
    expect(statement?.Condition).toEqual({ StringEquals: { 'aws:SourceVpce': { Ref: 'ApiEndpoint' } } })
    const { MethodSettings, AccessLogSetting } = propertiesOf('ApiStage')
    expect(listOf(MethodSettings)).toMatchObject([
      {
        DataTraceEnabled: false,
        ThrottlingRateLimit: { Ref: 'RequestsASecond' },
        ThrottlingBurstLimit: { Ref: 'BurstRequests' },
      },
    ])
    expect(JSON.parse(String(mapOf(AccessLogSetting).Format))).toMatchObject({
      status: '$context.status',
      // Behind a balancer, sourceIp is the address of the balancer.
      address: '$context.authorizer.address',
    })
    expect(mapOf(AccessLogSetting).Format).not.toMatch(/authorizer\.(?!address|principalId|error)|\$input/)
  })

  it('receives the stage and the host that it expects, for any path', () => {
    const transforms = listOf(propertiesOf('ApiRule').Transforms).map(mapOf)
    const rewrites = transforms.map((one) => {
      const { Rewrites } = mapOf(one.HostHeaderRewriteConfig ?? one.UrlRewriteConfig)
      return mapOf(listOf(Rewrites)[0])
    })
    const applied = (at: number, text: string) =>
      text.replace(new RegExp(String(rewrites[at]?.Regex)), String(rewrites[at]?.Replace))
    expect(applied(1, '/')).toBe('/live/')
    expect(applied(1, '/test/v1.0/reports?cursor=a&limit=5')).toBe('/live/test/v1.0/reports?cursor=a&limit=5')
    expect('api.example.com').toMatch(new RegExp(String(rewrites[0]?.Regex)))
    expect(propertiesOf('ApiStage').StageName).toBe('live')
  })
})

it('the visibility timeout of the worker’s queues is six times the timeout of its function', () => {
  const worker = stackNamed('worker').resources.find(({ name }) => name === 'WorkerFunction')
  const queues = stackNamed('data').resources.filter(({ name, type }) => type === 'AWS::SQS::Queue' && name.endsWith('Queue'))
  for (const { properties } of queues) {
    expect(properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Number(worker?.properties.Timeout))
  }
  const triggers = stackNamed('worker').resources.filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
  expect(triggers).toHaveLength(3)
  for (const { properties } of triggers) {
    expect(properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: { Ref: 'MaximumConcurrency' } },
    })
  }
})
