import type { StackKey } from '../../domain/stage.ts'

/** What a stage needs of one service quota. */
export interface QuotaNeed {
  /** The codes of Service Quotas (`aws service-quotas list-service-quotas --service-code vpc`). */
  readonly service: string
  readonly code: string
  /** As AWS names it. */
  readonly name: string
  readonly needed: number
  /** What happens if the quota is too small. */
  readonly otherwise: string
  /** Counts what the account has of it already. Absent: the quota limits concurrent use. */
  readonly counted?: 'DescribeVpcs' | 'DescribeAddresses'
}

type Values = Readonly<Record<string, string | undefined>>
/** The parameters of the stacks of a stage, with the defaults of their templates. */
export type StageValues = Readonly<Partial<Record<StackKey, Values>>>

/** An estimate of how long the authorizer and the gateway together run for one call. */
const secondsPerCall = 0.2
/** The admin function serves that many requests of one command at once (src/registry/remote/store.ts). */
const adminRequests = 10
const reportPump = 1

function concurrentFunctions({ data, gateway, worker, admin }: StageValues): number {
  const carriers = data?.SecondCarrier ? 2 : 1
  const calls = gateway?.Front === 'api-gateway' ? Math.ceil(Number(gateway.RequestsASecond) * secondsPerCall) : 0
  // The sandbox has a queue, too.
  const rows = worker?.Mode === 'lambda' ? Number(worker.MaximumConcurrency) * (carriers + 1) + reportPump : 0
  return calls + rows + (admin === undefined ? 0 : adminRequests)
}

/** A deployment starts the new containers before it stops the old ones, so each service counts twice. */
function containerCpus({ gateway, worker }: StageValues): number {
  const cpus = (values: Values | undefined) => (Number(values?.TaskCpu) / 1024) * Number(values?.MaxTasks) * 2
  return (gateway?.Front === 'container' ? cpus(gateway) : 0) + (worker?.Mode === 'container' ? cpus(worker) : 0)
}

/** `cheaper` may choose NAT only with containers (see `Cheaper` in templates/stacks/network.yaml). */
function natGateways({ Egress, Containers, NatGateways }: Values): number {
  const mayBe = Egress === 'nat' || (Egress === 'cheaper' && Containers === 'yes')
  return mayBe ? Number(NatGateways) : 0
}

function networkNeeds(network: Values): QuotaNeed[] {
  const fails = 'the stack network cannot be created'
  const gateways = natGateways(network)
  return [
    { service: 'vpc', code: 'L-F678F1CE', name: 'VPCs per Region', needed: 1, otherwise: fails, counted: 'DescribeVpcs' },
    {
      service: 'ec2',
      code: 'L-0263D0A3',
      name: 'EC2-VPC Elastic IPs',
      needed: gateways,
      otherwise: fails,
      counted: 'DescribeAddresses',
    },
  ]
}

function dataNeeds({ Registries, RegistryShards, RegistryReplicas }: Values): QuotaNeed[] {
  const fails = 'the stack data cannot be created'
  const nodes = Registries === 'dynamodb' ? 0 : Number(RegistryShards) * (1 + Number(RegistryReplicas))
  return [
    { service: 'rds', code: 'L-7B6409FD', name: 'DB instances', needed: 1, otherwise: fails },
    { service: 'elasticache', code: 'L-DFE45DF3', name: 'Nodes per Region', needed: nodes, otherwise: fails },
  ]
}

const balancer: QuotaNeed = {
  service: 'elasticloadbalancing',
  code: 'L-53DA6B97',
  name: 'Application Load Balancers per Region',
  needed: 1,
  otherwise: 'the stack edge cannot be created',
}

/** The quotas that the stacks of a stage need, as far as their parameters say. */
export function quotaNeeds(stage: StageValues): QuotaNeed[] {
  const needs: QuotaNeed[] = [
    {
      service: 'lambda',
      code: 'L-B99A9384',
      name: 'Concurrent executions',
      needed: concurrentFunctions(stage),
      otherwise: 'Lambda refuses calls under load',
    },
    {
      service: 'fargate',
      code: 'L-3032A538',
      name: 'Fargate On-Demand vCPU resource count',
      needed: containerCpus(stage),
      otherwise: 'containers do not start',
    },
    ...(stage.network === undefined ? [] : networkNeeds(stage.network)),
    ...(stage.data === undefined ? [] : dataNeeds(stage.data)),
    ...(stage.edge === undefined || stage.edge.Fronts === 'regional' ? [] : [balancer]),
  ]
  return needs.filter(({ needed }) => needed > 0)
}
