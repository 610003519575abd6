import type { JsonMap } from '../../../../operations/cloudformation/index.ts'
import { mapsAt, textAt, type World } from './rule.ts'

function dimension(alarm: JsonMap, name: string): string {
  return textAt(mapsAt(alarm, 'Dimensions').find((one) => textAt(one, 'Name') === name) ?? {}, 'Value')
}

/** Whether callers of an alias reach a version, while it has two: only then a metric has the dimension ExecutedVersion. */
function isShared(functionName: string, resource: string, version: string, { inventory }: World): boolean {
  return inventory
    .of('AWS::Lambda::Alias')
    .filter(({ properties }) => `${textAt(properties, 'FunctionName')}:${textAt(properties, 'Name')}` === resource)
    .some(({ properties }) =>
      mapsAt(properties, 'RoutingConfig.AdditionalVersionWeights').some(
        (one) => textAt(one, 'FunctionVersion') === version && textAt(properties, 'FunctionName') === functionName,
      ),
    )
}

/** Whether the errors of one version of a function raise the alarm: callers reach it, and its code fails. */
function seesFaultyVersion(alarm: JsonMap, world: World): boolean {
  if (textAt(alarm, 'Namespace') !== 'AWS/Lambda' || textAt(alarm, 'MetricName') !== 'Errors') return false
  const [name, resource] = [dimension(alarm, 'FunctionName'), dimension(alarm, 'Resource')]
  const version = dimension(alarm, 'ExecutedVersion')
  const published = world.inventory
    .of('AWS::Lambda::Version')
    .find(({ id, properties }) => textAt(properties, 'FunctionName') === name && id.endsWith(`:${version}`))?.published
  const code = published === undefined ? '' : textAt(published, 'Code.S3Key')
  return world.facts.faulty.has(code) && isShared(name, resource, version, world)
}

/** The first of some alarms that is in ALARM. Those that do not exist, or have no data, are not. One that is raised now has a history. */
export function failingAlarm(names: readonly string[], world: World): string | undefined {
  const { facts, inventory, now } = world
  const found = names.find((name) => {
    const alarm = inventory.find('AWS::CloudWatch::Alarm', name)
    return alarm !== undefined && (facts.alarms.has(name) || seesFaultyVersion(alarm.properties, world))
  })
  if (found !== undefined && !facts.alarms.has(found)) {
    facts.alarmHistory.push({
      alarm: found,
      at: now,
      reason: 'Threshold Crossed: 1 datapoint [3.0] was greater than the threshold (0.0).',
    })
  }
  return found
}
