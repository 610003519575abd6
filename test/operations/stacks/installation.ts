import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { StackKey } from '../../../src/domain/stage.ts'
import { temporaryFolder } from '../../cli/run.ts'

type Parameters = Readonly<Record<string, string | undefined>>

/** Parameters of the shipped templates with their defaults, and one or two resources each. */
const stacks: Readonly<
  Record<StackKey, { readonly parameters: Parameters; readonly resources: Readonly<Record<string, string>> }>
> = {
  security: { parameters: { AlertEmail: '', BudgetUsd: '300', Detection: 'create' }, resources: { Topic: 'AWS::SNS::Topic' } },
  network: {
    parameters: { Cidr: '10.40.0.0/16', Egress: 'cheaper', MonthlyGigabytes: '100', Containers: 'no', NatGateways: '1' },
    resources: { Vpc: 'AWS::EC2::VPC' },
  },
  data: {
    parameters: {
      Registries: 'redis',
      RegistryNodeType: 'cache.t4g.micro',
      RegistryShards: '1',
      RegistryReplicas: '1',
      DatabaseEngine: 'mariadb',
      DatabaseClass: 'db.t4g.micro',
      DatabaseGigabytes: '20',
      DatabaseMaxGigabytes: '200',
      DatabaseConnections: '60',
      DatabaseMultiAz: 'true',
      DeletionProtection: 'true',
      Carrier: 'carrier-a',
      SecondCarrier: '',
      CodeBucket: undefined,
      DatabaseUserCodeKey: undefined,
    },
    resources: { Database: 'AWS::RDS::DBInstance', Queue: 'AWS::SQS::Queue' },
  },
  edge: {
    parameters: {
      Fronts: 'balancer',
      RecordTo: 'balancer',
      DomainName: undefined,
      HostedZoneId: '',
      CertificateArn: '',
      WafMode: 'count',
    },
    resources: { Balancer: 'AWS::ElasticLoadBalancingV2::LoadBalancer' },
  },
  gateway: {
    parameters: {
      Front: 'api-gateway',
      Fronts: 'balancer',
      RegistryStore: 'redis',
      CodeBucket: '',
      GatewayCodeKey: '',
      EndpointAddressesCodeKey: '',
      Image: '',
      RequestsASecond: '500',
      BurstRequests: '1000',
      TaskCpu: '1024',
      TaskMegabytes: '2048',
      MinTasks: '2',
      MaxTasks: '10',
    },
    resources: { Logs: 'AWS::Logs::LogGroup' },
  },
  worker: {
    parameters: {
      Mode: 'lambda',
      CodeBucket: '',
      WorkerCodeKey: '',
      LedgerTable: undefined,
      SecondCarrierQueue: '',
      Image: '',
      MaximumConcurrency: '5',
      TaskCpu: '512',
      TaskMegabytes: '1024',
      MinTasks: '1',
      MaxTasks: '4',
    },
    resources: { Logs: 'AWS::Logs::LogGroup' },
  },
  admin: {
    parameters: { CodeBucket: undefined, AdminCodeKey: undefined, RequestIds: 'checked' },
    resources: { Logs: 'AWS::Logs::LogGroup' },
  },
}

const cheaper = { no: { 100: 'endpoints', 1000: 'endpoints' }, yes: { 100: 'nat', 1000: 'nat' } }

function template(key: StackKey, more: Readonly<Record<string, unknown>>): string {
  const { parameters, resources } = stacks[key]
  const declared = Object.entries(parameters).map(([name, fallback]) => [
    name,
    { Type: 'String', Description: `What ${name} is.`, ...(fallback !== undefined && { Default: fallback }) },
  ])
  return stringify({
    ...(key === 'network' && { Mappings: { Cheaper: cheaper } }),
    Parameters: { Stage: { Type: 'String' }, ...Object.fromEntries(declared) },
    Resources: { ...Object.fromEntries(Object.entries(resources).map(([id, Type]) => [id, { Type }])), ...more },
    Outputs: {
      Key: { Value: key },
      ...(key === 'data' && { LedgerTable: { Value: 'ledger' }, SecondCarrierQueue: { Value: '' } }),
    },
  })
}

const interfaceEndpoint = { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcEndpointType: 'Interface' } }

/** A folder like an installation of apigw, with small templates and bundles. */
export function installation(more: Readonly<Partial<Record<StackKey, Readonly<Record<string, unknown>>>>> = {}): string {
  const root = temporaryFolder()
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'apigw', version: '0.0.0', oclif: { bin: 'apigw' } }))
  mkdirSync(join(root, 'templates/stacks'), { recursive: true })
  mkdirSync(join(root, 'dist/lambda'), { recursive: true })
  const endpoints = {
    Sqs: interfaceEndpoint,
    Secrets: interfaceEndpoint,
    Ecr: { ...interfaceEndpoint, Condition: 'EndpointsForContainers' },
  }
  for (const key of Object.keys(stacks) as StackKey[]) {
    const resources = { ...(key === 'network' && endpoints), ...more[key] }
    writeFileSync(join(root, 'templates/stacks', `${key}.yaml`), template(key, resources))
  }
  for (const name of ['gateway', 'endpoint-addresses', 'worker', 'database-user', 'admin']) {
    writeFileSync(join(root, 'dist/lambda', `${name}.mjs`), `export const handler = () => '${name}'\n`)
  }
  writeFileSync(join(root, 'dist/lambda/docs.br'), '')
  mkdirSync(join(root, 'dist/container/maps'), { recursive: true })
  writeFileSync(join(root, 'dist/container/gateway.mjs'), '')
  writeFileSync(join(root, 'dist/container/maps/a.yaml'), '')
  writeFileSync(join(root, 'templates/Dockerfile'), 'FROM scratch\nCOPY dist/container/ ./\n')
  return root
}

const deployable = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'topic' }

/** A folder with an apigw.yaml, one stage in it. */
export function project(deploy: Readonly<Record<string, unknown>> = deployable): string {
  const folder = temporaryFolder()
  const stages = { prod: { region: 'ap-northeast-2', deploy } }
  writeFileSync(join(folder, 'apigw.yaml'), stringify({ version: 1, stages }))
  return folder
}
