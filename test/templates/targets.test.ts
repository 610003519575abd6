import { describe, expect, it } from 'vitest'
import { listOf, mapOf, type Properties } from './stacks.ts'
import { everyOf, everyResource, type Located, statementsOf, target } from './templates.ts'

/** Something that a service sends to a target on its own. */
interface Delivery {
  readonly from: string
  readonly service: string
  /** The resource whose policy has to allow it. */
  readonly to: string
}

const found = (id: string): Located | undefined => everyResource.find((one) => one.id === id)

function ruleTargets(): { rule: Located; target: Properties }[] {
  return everyOf('AWS::Events::Rule').flatMap((rule) =>
    listOf(rule.resource.properties.Targets).map((one) => ({ rule, target: mapOf(one) })),
  )
}

function alarmDeliveries(): Delivery[] {
  return everyOf('AWS::CloudWatch::Alarm').flatMap(({ id, template, resource }) =>
    ['AlarmActions', 'OKActions', 'InsufficientDataActions']
      .flatMap((property) => listOf(resource.properties[property]))
      .map((action) => ({ from: id, service: 'cloudwatch.amazonaws.com', to: target(template, action) })),
  )
}

function budgetDeliveries(): Delivery[] {
  return everyOf('AWS::Budgets::Budget').flatMap(({ id, template, resource }) =>
    listOf(resource.properties.NotificationsWithSubscribers)
      .flatMap((one) => listOf(mapOf(one).Subscribers).map(mapOf))
      .filter(({ SubscriptionType }) => SubscriptionType === 'SNS')
      .map(({ Address }) => ({ from: id, service: 'budgets.amazonaws.com', to: target(template, Address) })),
  )
}

function ruleDeliveries(): Delivery[] {
  return ruleTargets()
    .filter(({ target: { RoleArn } }) => RoleArn === undefined)
    .map(({ rule, target: { Arn } }) => ({ from: rule.id, service: 'events.amazonaws.com', to: target(rule.template, Arn) }))
}

/** A subscription invokes a function, and its dead letters go to a queue. */
function subscriptionDeliveries(): Delivery[] {
  return everyOf('AWS::SNS::Subscription').flatMap(({ id, template, resource: { properties } }) => {
    const letters = mapOf(properties.RedrivePolicy).deadLetterTargetArn
    const service = 'sns.amazonaws.com'
    return [
      ...(properties.Protocol === 'lambda' ? [{ from: id, service, to: target(template, properties.Endpoint) }] : []),
      ...(letters === undefined ? [] : [{ from: id, service, to: target(template, letters) }]),
    ]
  })
}

/** An alarm may also start a scaling policy, which needs no permission. */
const deliveries = [...alarmDeliveries(), ...budgetDeliveries(), ...ruleDeliveries(), ...subscriptionDeliveries()].filter(
  ({ to }) => found(to)?.resource.type !== 'AWS::ApplicationAutoScaling::ScalingPolicy',
)

/** The statements of the policies of type `type` that list the resource `id`. */
function policiesOf(type: string, list: string, id: string): Properties[] {
  return everyOf(type)
    .filter(({ template, resource }) => listOf(resource.properties[list]).some((one) => target(template, one) === id))
    .flatMap(({ resource }) => statementsOf(resource.properties.PolicyDocument))
}

function allows(statements: readonly Properties[], service: string, action: string): Properties | undefined {
  return statements.find(({ Effect, Principal, Action }) => {
    const services = listOf(mapOf(Principal).Service)
    const actions = listOf(Action).map((one) => String(one).replace(/\*$/, ''))
    return Effect === 'Allow' && services.includes(service) && actions.some((one) => action.startsWith(one))
  })
}

/** The source that a statement names in `aws:SourceArn`. */
function sourceOf({ Condition }: Properties): Properties[string] | undefined {
  const { ArnEquals, ArnLike, StringEquals } = mapOf(Condition)
  return [ArnEquals, ArnLike, StringEquals].map((one) => mapOf(one)['aws:SourceArn']).find((one) => one !== undefined)
}

function wrongInTopic(topic: Located, service: string): string[] {
  const { properties } = topic.resource
  const policy = allows(policiesOf('AWS::SNS::TopicPolicy', 'Topics', topic.id), service, 'sns:Publish')
  const key = found(target(topic.template, properties.KmsMasterKeyId))
  const keyPolicy = statementsOf(key?.resource.properties.KeyPolicy)
  const rights = ['kms:Decrypt', 'kms:GenerateDataKey'].map((action) => allows(keyPolicy, service, action))
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
  const conditional = service === 'events.amazonaws.com' && [policy, ...rights].some((one) => one?.Condition !== undefined)
  return [
    ...(policy === undefined ? ['the topic policy does not allow it'] : []),
    ...(key === undefined || rights.includes(undefined) ? ['the key policy does not allow it'] : []),
    ...(conditional ? ['EventBridge does not deliver under a condition'] : []),
  ]
}

function wrongInFunction(lambda: Located, service: string, from: string): string[] {
  const source = found(from)
  const names =
    source?.resource.type === 'AWS::SNS::Subscription'
      ? source.resource.properties.TopicArn
      : { Ref: source?.resource.name ?? '' }
  const permission = everyOf('AWS::Lambda::Permission').find(
    ({ template, resource: { properties } }) =>
      target(template, properties.FunctionName) === lambda.id &&
      properties.Principal === service &&
      target(template, properties.SourceArn) === target(source?.template ?? '', names),
  )
  return permission === undefined ? ['the function has no permission for it'] : []
}

/** A rule's name as the text of the template, for policies that name a prefix. */
function isSource(queue: Located, named: Properties[string] | undefined, from: string): boolean {
  const source = found(from)
  if (source === undefined) return false
  const topic =
    source.resource.type === 'AWS::SNS::Subscription' ? target(source.template, source.resource.properties.TopicArn) : from
  if (target(queue.template, named) === topic) return true
  const pattern = String(mapOf(named)['Fn::Sub'] ?? '').split(':rule/')[1]
  const name = String(mapOf(source.resource.properties.Name)['Fn::Sub'] ?? '')
  return pattern?.endsWith('*') === true && name.startsWith(pattern.slice(0, -1))
}

function wrongInQueue(queue: Located, service: string, from: string): string[] {
  const statements = policiesOf('AWS::SQS::QueuePolicy', 'Queues', queue.id)
  const allowing = statements.filter((one) => allows([one], service, 'sqs:SendMessage') !== undefined)
  const encrypted = queue.resource.properties.KmsMasterKeyId !== undefined
  return [
    ...(allowing.some((one) => isSource(queue, sourceOf(one), from)) ? [] : ['the queue policy does not allow it']),
    ...(encrypted ? ['the queue has a key of its own, which is not checked here'] : []),
  ]
}

/** What keeps a delivery from arriving. */
function wrongWith({ from, service, to }: Delivery): string[] {
  const located = found(to)
  if (located === undefined) return ['the target is in no template']
  switch (located.resource.type) {
    case 'AWS::SNS::Topic':
      return wrongInTopic(located, service)
    case 'AWS::Lambda::Function':
      return wrongInFunction(located, service, from)
    case 'AWS::SQS::Queue':
      return wrongInQueue(located, service, from)
    default:
      return [`${located.resource.type} is not known here`]
  }
}

const named = (all: readonly Delivery[]) => all.map((delivery) => ({ ...delivery, name: `${delivery.from} → ${delivery.to}` }))

describe('what a service delivers on its own', () => {
  it('is found in the templates', () => {
    const services = deliveries.map(({ service }) => service)
    for (const service of ['cloudwatch', 'budgets', 'events', 'sns']) expect(services).toContain(`${service}.amazonaws.com`)
  })

  it.each(named(deliveries))('$name is allowed by the policy of the target and of its key', (delivery) => {
    expect(wrongWith(delivery)).toEqual([])
  })
})

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
describe('each target of an EventBridge rule', () => {
  const targets = ruleTargets().map((one) => ({ ...one, name: `${one.rule.id} ${String(one.target.Id)}` }))

  it.each(targets)('$name has a dead-letter queue that lets EventBridge write for this rule', ({ rule, target: one }) => {
    const queue = found(target(rule.template, mapOf(one.DeadLetterConfig).Arn))
    expect(queue?.resource.type).toBe('AWS::SQS::Queue')
    if (queue !== undefined) expect(wrongInQueue(queue, 'events.amazonaws.com', rule.id)).toEqual([])
  })
})
