import { placedIn } from './interfaces.ts'
import {
  isTrue,
  mapsAt,
  notHeldBy,
  numberAt,
  type Rule,
  type ServiceRules,
  shaped,
  textAt,
  textsAt,
  type UpdateRule,
} from './rule.ts'

const sizes = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size'
const services = 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html'
const balancing = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html'
const deletion = 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html'
const pulls = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html'

const alarms = 'DeploymentConfiguration.Alarms'

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step)
}

/** Megabytes of memory for each size of processor. */
const memory: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1_024, 2_048],
  512: steps(1_024, 4_096, 1_024),
  1024: steps(2_048, 8_192, 1_024),
  2048: steps(4_096, 16_384, 1_024),
  4096: steps(8_192, 30_720, 1_024),
  8192: steps(16_384, 61_440, 4_096),
  16384: steps(32_768, 122_880, 8_192),
}

const size: Rule = {
  source: sizes,
  refuse: ({ properties }) => {
    if (!JSON.stringify(properties.RequiresCompatibilities ?? []).includes('FARGATE')) return undefined
    const [cpu, megabytes] = [numberAt(properties, 'Cpu') ?? 0, numberAt(properties, 'Memory') ?? 0]
    return memory[cpu]?.includes(megabytes)
      ? undefined
      : `No Fargate configuration exists for given values: ${cpu} CPU, ${megabytes} memory.`
  },
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html: the sum of its containers. */
const containersFit: Rule = {
  source: sizes,
  refuse: ({ properties }) => {
    const whole = numberAt(properties, 'Memory') ?? Number.POSITIVE_INFINITY
    const parts = mapsAt(properties, 'ContainerDefinitions').reduce((sum, one) => sum + (numberAt(one, 'Memory') ?? 0), 0)
    return parts > whole ? "Invalid 'memory' setting: the total of all containers exceeds that of the task" : undefined
  },
}

/** Fargate stops a container after at most two minutes. */
const stopsInTime: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html',
  refuse: ({ properties }) =>
    mapsAt(properties, 'ContainerDefinitions').some((one) => (numberAt(one, 'StopTimeout') ?? 0) > 120)
      ? 'Max stopTimeout is 120 seconds for Fargate'
      : undefined,
}

const targetsAttached: Rule = {
  source: balancing,
  refuse: ({ properties }, { inventory }) => {
    const wanted = mapsAt(properties, 'LoadBalancers').map((one) => textAt(one, 'TargetGroupArn'))
    const users = ['AWS::ElasticLoadBalancingV2::Listener', 'AWS::ElasticLoadBalancingV2::ListenerRule']
    const loose = wanted.find((arn) => inventory.holder(`"${arn}"`, users) === undefined)
    return loose && `The target group with targetGroupArn ${loose} does not have an associated load balancer.`
  },
}

const uri = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^@:]+)(?:@(sha256:[0-9a-f]{64})|:(.+))?$/

/** A service is complete when its tasks run, so their image has to be there. */
const imageExists: Rule = {
  source: pulls,
  refuse: ({ properties }, { inventory, facts, account, region }) => {
    const task = inventory.find('AWS::ECS::TaskDefinition', textAt(properties, 'TaskDefinition'))
    for (const container of mapsAt(task?.properties ?? {}, 'ContainerDefinitions')) {
      const image = textAt(container, 'Image')
      const [, owner, where, repository = '', digest, tag] = uri.exec(image) ?? []
      if (owner !== account || where !== region) continue
      const there = inventory.find('AWS::ECR::Repository', repository) !== undefined
      if (there && facts.images.get(repository)?.has(digest ?? tag ?? 'latest')) continue
      return `ECS Deployment Circuit Breaker was triggered. (CannotPullContainerError: ${image}: not found)`
    }
    return undefined
  },
}

const clusterExists: Rule = {
  source: services,
  refuse: ({ properties }, { inventory }) => {
    const cluster = textAt(properties, 'Cluster').split('/').at(-1) ?? ''
    return cluster === '' || inventory.find('AWS::ECS::Cluster', cluster) ? undefined : 'Cluster not found.'
  },
}

/** A rolling deployment has to be able to start a task beside the old ones, or to stop one first. */
const canRoll: Rule = {
  source: services,
  refuse: ({ properties }) => {
    const least = numberAt(properties, 'DeploymentConfiguration.MinimumHealthyPercent') ?? 100
    const most = numberAt(properties, 'DeploymentConfiguration.MaximumPercent') ?? 200
    return most > least ? undefined : `maximumPercent ${most} has to be greater than minimumHealthyPercent ${least}`
  },
}

/** A version that fails raises an alarm, and ECS returns to the one before. A service without alarms keeps it. */
const alarmsStopIt: UpdateRule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html',
  refuse: (before, after, world) => {
    const { inventory, facts } = world
    const same = textAt(before.properties, 'TaskDefinition') === textAt(after.properties, 'TaskDefinition')
    if (same || !isTrue(after.properties, `${alarms}.Enable`)) return undefined
    const task = inventory.find('AWS::ECS::TaskDefinition', textAt(after.properties, 'TaskDefinition'))
    const digests = mapsAt(task?.properties ?? {}, 'ContainerDefinitions').map((one) => textAt(one, 'Image').split('@')[1] ?? '')
    const names = textsAt(after.properties, `${alarms}.AlarmNames`)
    const faulty = digests.some((digest) => facts.faulty.has(digest))
    const [active] = names
    if (!faulty || active === undefined) return undefined
    facts.alarmHistory.push({
      alarm: active,
      at: world.now,
      reason: 'Threshold Crossed: 3 datapoints were greater than the threshold.',
    })
    return `Error occurred during operation 'ECS Deployment failed: alarm(s) detected.'`
  },
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentAlarms.html */
const alarmsExist: Rule = {
  source: services,
  refuse: ({ properties }, { inventory }) => {
    const gone = textsAt(properties, `${alarms}.AlarmNames`).find(
      (name) => inventory.find('AWS::CloudWatch::Alarm', name) === undefined,
    )
    return gone && `The alarm ${gone} does not exist.`
  },
}

export const ecs: ServiceRules = {
  'AWS::ECS::Cluster': {
    name: 'ClusterName',
    replaces: ['ClusterName'],
    valid: [shaped('ClusterName', /^[a-zA-Z0-9_-]{1,255}$/, services)],
    remove: [notHeldBy(['AWS::ECS::Service'], () => 'The Cluster cannot be deleted while Services are active.', deletion)],
  },
  'AWS::ECS::TaskDefinition': {
    replaces: [
      'ContainerDefinitions',
      'Cpu',
      'EnableFaultInjection',
      'EphemeralStorage',
      'ExecutionRoleArn',
      'Family',
      'InferenceAccelerators',
      'IpcMode',
      'Memory',
      'NetworkMode',
      'PidMode',
      'PlacementConstraints',
      'ProxyConfiguration',
      'RequiresCompatibilities',
      'RuntimePlatform',
      'TaskRoleArn',
      'Volumes',
    ],
    valid: [size, containersFit, stopsInTime],
  },
  'AWS::ECS::Service': {
    name: 'ServiceName',
    nameWithin: 'Cluster',
    replaces: ['Cluster', 'LaunchType', 'Role', 'SchedulingStrategy', 'ServiceName'],
    valid: [
      shaped('ServiceName', /^[a-zA-Z0-9_-]{1,255}$/, services),
      clusterExists,
      canRoll,
      placedIn(
        'NetworkConfiguration.AwsvpcConfiguration.Subnets',
        'NetworkConfiguration.AwsvpcConfiguration.SecurityGroups',
        services,
      ),
      targetsAttached,
      imageExists,
      alarmsExist,
    ],
    update: [alarmsStopIt],
  },
}
