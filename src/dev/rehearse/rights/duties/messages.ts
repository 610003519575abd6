import { isMap } from '../../../../operations/cloudformation/index.ts'
import { listOf, mapAt, mapsIn } from '../../template/values.ts'
import { type Duties, name, toTarget } from './duty.ts'

export const eventRule: Duties = (resource) => {
  const arn = String(resource.attribute('Arn'))
  return mapsIn(resource.properties.Targets).flatMap((target) => {
    const dead = mapAt(target, 'DeadLetterConfig').Arn
    return [
      ...toTarget(`${name(resource)} reaches its target`, 'events.amazonaws.com', arn, String(target.Arn)),
      ...(dead === undefined ? [] : toTarget(`${name(resource)} keeps failed events`, 'events.amazonaws.com', arn, String(dead))),
    ]
  })
}

export const alarm: Duties = (resource) =>
  ['AlarmActions', 'OKActions', 'InsufficientDataActions']
    .flatMap((list) => listOf(resource.properties[list]))
    .flatMap((target) =>
      toTarget(`${name(resource)} alarms`, 'cloudwatch.amazonaws.com', String(resource.attribute('Arn')), String(target)),
    )

export const budget: Duties = (resource, all) => {
  const account = all
    .map(({ physicalId }) => /^arn:aws:iam::(\d{12}):/.exec(physicalId)?.[1])
    .find((found) => found !== undefined)
  return mapsIn(resource.properties.NotificationsWithSubscribers)
    .flatMap(({ Subscribers }) => mapsIn(Subscribers))
    .filter(({ SubscriptionType }) => SubscriptionType === 'SNS')
    .flatMap(({ Address }) =>
      toTarget(
        `${name(resource)} notifies`,
        'budgets.amazonaws.com',
        `arn:aws:budgets::${account}:budget/${resource.physicalId}`,
        String(Address),
      ),
    )
}

export const subscription: Duties = (resource) => {
  const { Endpoint, TopicArn, RedrivePolicy } = resource.properties
  const dead = isMap(RedrivePolicy) ? RedrivePolicy.deadLetterTargetArn : undefined
  return [Endpoint, dead].flatMap((target) =>
    target === undefined ? [] : toTarget(`${name(resource)} delivers`, 'sns.amazonaws.com', String(TopicArn), String(target)),
  )
}
