import type { Subnet, Workload } from './model.ts'
import { defaultGroup } from './read-groups.ts'
import { flagIn, mapIn, mapsIn, type NetworkResource, nameOf, numberIn, ofType, textIn, textsIn } from './resource.ts'

type Read = (resource: NetworkResource, all: readonly NetworkResource[]) => Omit<Workload, 'id' | 'name'>

function subnetsOfGroup(all: readonly NetworkResource[], type: string, name: string | undefined): string[] {
  const group = ofType(all, type).find(({ physicalId }) => physicalId === name)
  return group === undefined ? [] : textsIn(group.properties, 'SubnetIds')
}

/**
 * A function in a VPC never has a public address, not even in a public subnet
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html).
 */
const readFunction: Read = ({ properties }) => {
  const config = mapIn(properties, 'VpcConfig')
  const subnets = textsIn(config, 'SubnetIds')
  const groups = textsIn(config, 'SecurityGroupIds')
  // An empty VpcConfig is none (https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html).
  return { kind: 'function', inVpc: subnets.length > 0, subnets, groups, hasPublicAddress: false, listensOn: [] }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html */
const readService: Read = ({ properties }, all) => {
  const config = mapIn(mapIn(properties, 'NetworkConfiguration'), 'AwsvpcConfiguration')
  const task = ofType(all, 'AWS::ECS::TaskDefinition').find(
    ({ physicalId }) => physicalId === textIn(properties, 'TaskDefinition'),
  )
  return {
    kind: 'task',
    inVpc: true,
    subnets: textsIn(config, 'Subnets'),
    groups: textsIn(config, 'SecurityGroups'),
    hasPublicAddress: textIn(config, 'AssignPublicIp') === 'ENABLED',
    listensOn: task === undefined ? undefined : containerPorts(task),
  }
}

function containerPorts({ properties }: NetworkResource): number[] {
  return mapsIn(properties, 'ContainerDefinitions')
    .flatMap((container) => mapsIn(container, 'PortMappings'))
    .flatMap((mapping) => numberIn(mapping, 'ContainerPort') ?? [])
}

/** The nodes of an internet-facing balancer have public addresses; `Scheme` says internet-facing unless it says otherwise. */
const readBalancer: Read = ({ properties, physicalId }, all) => ({
  kind: 'balancer',
  inVpc: true,
  subnets: textsIn(properties, 'Subnets'),
  groups: textsIn(properties, 'SecurityGroups'),
  hasPublicAddress: (textIn(properties, 'Scheme') ?? 'internet-facing') === 'internet-facing',
  listensOn: ofType(all, 'AWS::ElasticLoadBalancingV2::Listener')
    .filter((listener) => textIn(listener.properties, 'LoadBalancerArn') === physicalId)
    .flatMap((listener) => numberIn(listener.properties, 'Port') ?? []),
})

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html, Port */
const enginePorts: Readonly<Record<string, number>> = { mariadb: 3306, mysql: 3306, postgres: 5432 }

const readDatabase: Read = ({ properties }, all) => {
  const port = numberIn(properties, 'Port') ?? enginePorts[textIn(properties, 'Engine') ?? '']
  return {
    kind: 'database',
    inVpc: true,
    subnets: subnetsOfGroup(all, 'AWS::RDS::DBSubnetGroup', textIn(properties, 'DBSubnetGroupName')),
    groups: textsIn(properties, 'VPCSecurityGroups'),
    hasPublicAddress: flagIn(properties, 'PubliclyAccessible', false),
    listensOn: port === undefined ? undefined : [port],
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-replicationgroup.html */
const readCache: Read = ({ properties }, all) => ({
  kind: 'cache',
  inVpc: true,
  subnets: subnetsOfGroup(all, 'AWS::ElastiCache::SubnetGroup', textIn(properties, 'CacheSubnetGroupName')),
  groups: textsIn(properties, 'SecurityGroupIds'),
  // ElastiCache never gives a public address (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/elasticache-vpc-accessing.html).
  hasPublicAddress: false,
  listensOn: [numberIn(properties, 'Port') ?? 6379],
})

const readers: Readonly<Record<string, Read>> = {
  'AWS::Lambda::Function': readFunction,
  'AWS::ECS::Service': readService,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': readBalancer,
  'AWS::RDS::DBInstance': readDatabase,
  'AWS::ElastiCache::ReplicationGroup': readCache,
}

/** Everything that connects or is connected to. */
export function workloadsOf(
  resources: readonly NetworkResource[],
  subnets: ReadonlyMap<string, Subnet>,
): ReadonlyMap<string, Workload> {
  return new Map(
    resources.flatMap((resource): [string, Workload][] => {
      const read = readers[resource.type]?.(resource, resources)
      if (read === undefined) return []
      const vpc = read.subnets.flatMap((id) => subnets.get(id)?.vpc.id ?? [])[0]
      const groups = read.groups.length > 0 || vpc === undefined ? read.groups : [defaultGroup(vpc)]
      return [[resource.physicalId, { ...read, groups, id: resource.physicalId, name: nameOf(resource) }]]
    }),
  )
}
