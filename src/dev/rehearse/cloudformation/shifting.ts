import { isMap, type JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Thing } from './inventory.ts'
import type { ResolvedResource } from './resolver.ts'
import { failingAlarm } from './rules/alarms.ts'
import { stepsOf } from './rules/codedeploy.ts'
import { allows } from './rules/permissions.ts'
import { mapsAt, textAt, type World } from './rules/rule.ts'
import type { StackResource } from './stack.ts'
import type { Steps, Work } from './work.ts'

const aliasType = 'AWS::Lambda::Alias'

/** The deployment group that an alias names in its update policy. */
function groupOf({ updatePolicy }: ResolvedResource, { inventory }: World): Thing | string {
  const policy = updatePolicy?.CodeDeployLambdaAliasUpdate
  const [application, name] = isMap(policy)
    ? [textAt(policy, 'ApplicationName'), textAt(policy, 'DeploymentGroupName')]
    : ['', '']
  const found = inventory
    .of('AWS::CodeDeploy::DeploymentGroup')
    .find(({ id, properties }) => id === name && textAt(properties, 'ApplicationName') === application)
  return found ?? `No Deployment Group found for name: ${name}`
}

/** Why CodeDeploy cannot move an alias at all. */
function cannotShift({ properties }: Thing, world: World): string | undefined {
  const role = textAt(properties, 'ServiceRoleArn')
  const missing = ['lambda:GetAlias', 'lambda:UpdateAlias', 'cloudwatch:DescribeAlarms'].find(
    (action) => !allows(world, role, action),
  )
  return missing && `The deployment failed because ${role} is not authorized to perform: ${missing}`
}

/**
 * Why CodeDeploy stops: an alarm is in ALARM, or its state cannot be read
 * (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html, ALARM_ACTIVE; API_AlarmConfiguration,
 * "ignorePollAlarmFailure"). An alarm without data does not stop it.
 */
function stopped({ properties }: Thing, world: World): string | undefined {
  if (textAt(properties, 'AlarmConfiguration.Enabled') !== 'true') return undefined
  const names = mapsAt(properties, 'AlarmConfiguration.Alarms').map((one) => textAt(one, 'Name'))
  const active = failingAlarm(names, world)
  if (active !== undefined) {
    return `One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: <${active}>`
  }
  const gone = names.find((name) => world.inventory.find('AWS::CloudWatch::Alarm', name) === undefined)
  const ignored = textAt(properties, 'AlarmConfiguration.IgnorePollAlarmFailure') === 'true'
  return gone === undefined || ignored ? undefined : `The state of the alarm ${gone} could not be read.`
}

function routed(before: StackResource, to: string, weight: number): JsonMap {
  const AdditionalVersionWeights = [{ FunctionVersion: to, FunctionWeight: weight }]
  return { ...before.properties, RoutingConfig: { AdditionalVersionWeights } }
}

/**
 * What CodeDeploy does with an alias whose update policy names it: moves callers step by step, and returns all of them if an alarm
 * is raised (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html). An alias without the
 * policy, or one whose version stays, changes at once.
 * @returns why the release was stopped
 */
export function* shiftTraffic(work: Work, before: StackResource, after: ResolvedResource): Steps<string | undefined> {
  const to = textAt(after.properties, 'FunctionVersion')
  const isRelease = after.type === aliasType && after.updatePolicy?.CodeDeployLambdaAliasUpdate !== undefined
  if (!isRelease || before.physicalId !== after.physicalId || textAt(before.properties, 'FunctionVersion') === to)
    return undefined
  const group = groupOf(after, work.world())
  if (typeof group === 'string') return group
  const alias = work.inventory.find(aliasType, before.physicalId)
  const refused = cannotShift(group, work.world()) ?? stopped(group, work.world())
  if (refused !== undefined || alias === undefined) return refused
  for (const weight of stepsOf(textAt(group.properties, 'DeploymentConfigName'))) {
    work.inventory.put({ ...alias, properties: routed(before, to, weight) })
    yield
    const reason = stopped(group, work.world())
    if (reason === undefined) continue
    work.inventory.put({ ...alias, properties: before.properties })
    return reason
  }
  return undefined
}
