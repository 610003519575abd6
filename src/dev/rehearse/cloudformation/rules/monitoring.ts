import { isMap } from '../../../../operations/cloudformation/index.ts'
import { at, listAt, mapsAt, numberAt, oneOfAKind, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const alarms = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html'
const rules = 'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html'
const schedules = 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html'
const topics = 'https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html'
const budgets = 'https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html'
const detectors = 'https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html'
const analyzers = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html'
const trails = 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html'

/** 10 or 30 seconds, or a multiple of a minute; at most a day together, a week for periods of an hour and more. */
const period: Rule = {
  source: alarms,
  refuse: ({ properties }) => {
    const seconds = numberAt(properties, 'Period')
    if (seconds === undefined) return undefined
    if (![10, 20, 30].includes(seconds) && seconds % 60 !== 0) return `Invalid value for period: ${seconds}`
    const whole = seconds * (numberAt(properties, 'EvaluationPeriods') ?? 1)
    return whole > (seconds >= 3_600 ? 604_800 : 86_400)
      ? 'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)'
      : undefined
  },
}

const metricIds: Rule = {
  source: alarms,
  refuse: ({ properties }) => {
    const metrics = mapsAt(properties, 'Metrics')
    if (metrics.length === 0) return undefined
    const ids = metrics.map((one) => textAt(one, 'Id'))
    if (new Set(ids).size < ids.length) return 'The values for parameter Id in MetricDataQueries are not unique.'
    if (ids.some((id) => !/^[a-z][a-zA-Z0-9_]*$/.test(id)))
      return 'The value for parameter Id has to begin with a lower case letter.'
    const returned = metrics.filter((one) => textAt(one, 'ReturnData') !== 'false').length
    return returned === 1 ? undefined : 'Exactly one element of the metrics list should return data.'
  },
}

const scheduleOrPattern: Rule = {
  source: rules,
  refuse: ({ properties }) =>
    at(properties, 'ScheduleExpression') === undefined && at(properties, 'EventPattern') === undefined
      ? 'Parameter(s) EventPattern or ScheduleExpression must be specified.'
      : undefined,
}

/** `rate(1 minute)`, but `rate(2 minutes)`. */
const schedule: Rule = {
  source: schedules,
  refuse: ({ properties }) => {
    const text = textAt(properties, 'ScheduleExpression')
    if (text === '' || /^cron\([^)]+\)$|^at\([^)]+\)$/.test(text)) return undefined
    const [, value, unit = ''] = /^rate\((\d+) (minutes?|hours?|days?)\)$/.exec(text) ?? []
    const valid = value !== undefined && Number(value) > 0 && unit.endsWith('s') === (Number(value) !== 1)
    return valid ? undefined : `Parameter ScheduleExpression is not valid. (${text})`
  },
}

const fewTargets: Rule = {
  source: 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html',
  refuse: ({ properties }) => (listAt(properties, 'Targets').length > 5 ? 'A rule can have at most 5 targets.' : undefined),
}

const patternSize: Rule = {
  source: 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html',
  refuse: ({ properties }) =>
    JSON.stringify(at(properties, 'EventPattern') ?? {}).length > 2_048
      ? 'The event pattern is larger than 2,048 characters.'
      : undefined,
}

const subscribers: Rule = {
  source: 'https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_NotificationWithSubscribers.html',
  refuse: ({ properties }) => {
    for (const { Subscribers } of mapsAt(properties, 'NotificationsWithSubscribers')) {
      const kinds = (Array.isArray(Subscribers) ? Subscribers : []).filter(isMap).map((one) => textAt(one, 'SubscriptionType'))
      if (kinds.length === 0) return 'A notification needs a subscriber.'
      if (kinds.filter((kind) => kind === 'SNS').length > 1 || kinds.filter((kind) => kind === 'EMAIL').length > 10)
        return 'A notification can have one topic and ten email addresses.'
    }
    return undefined
  },
}

const oneAnAccount = (message: string, source: string): Rule => ({
  source,
  refuse: ({ id, type }, { inventory }) => (inventory.of(type).some((one) => one.id !== id) ? message : undefined),
})

export const monitoring: ServiceRules = {
  'AWS::CloudWatch::Alarm': { name: 'AlarmName', replaces: ['AlarmName'], valid: [period, metricIds] },
  'AWS::CloudWatch::CompositeAlarm': { name: 'AlarmName', replaces: ['AlarmName'] },
  'AWS::CloudWatch::Dashboard': { name: 'DashboardName', replaces: ['DashboardName'] },
  'AWS::Events::Rule': {
    name: 'Name',
    nameWithin: 'EventBusName',
    replaces: ['EventBusName', 'Name'],
    valid: [shaped('Name', /^[.\-_A-Za-z0-9]{1,64}$/, rules), scheduleOrPattern, schedule, fewTargets, patternSize],
  },
  'AWS::Scheduler::Schedule': {
    name: 'Name',
    replaces: ['Name'],
    valid: [
      shaped(
        'Name',
        /^[0-9a-zA-Z-_.]{1,64}$/,
        'https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html',
      ),
      schedule,
    ],
  },
  'AWS::SNS::Topic': {
    name: 'TopicName',
    replaces: ['FifoTopic', 'TopicName'],
    valid: [shaped('TopicName', /^[A-Za-z0-9_-]{1,256}$|^[A-Za-z0-9_-]{1,251}\.fifo$/, topics)],
  },
  'AWS::SNS::TopicPolicy': { replaces: [] },
  'AWS::SNS::TopicInlinePolicy': { replaces: ['TopicArn'] },
  'AWS::SNS::Subscription': { replaces: ['Endpoint', 'Protocol', 'TopicArn'] },
  'AWS::Budgets::Budget': {
    replaces: ['Budget.BudgetName', 'Budget.BudgetType', 'NotificationsWithSubscribers'],
    create: [
      {
        source: budgets,
        refuse: ({ id, properties }, { inventory }) => {
          const name = textAt(properties, 'Budget.BudgetName')
          const other = inventory
            .of('AWS::Budgets::Budget')
            .some((one) => one.id !== id && textAt(one.properties, 'Budget.BudgetName') === name)
          return name !== '' && other ? `Error creating budget: ${name} - the budget already exists.` : undefined
        },
      },
    ],
    valid: [subscribers],
  },
  'AWS::GuardDuty::Detector': {
    replaces: [],
    create: [oneAnAccount('The request is rejected because a detector already exists for the current account.', detectors)],
  },
  'AWS::AccessAnalyzer::Analyzer': {
    name: 'AnalyzerName',
    replaces: ['AnalyzerName', 'Type'],
    create: [oneOfAKind(['Type'], () => 'You have reached the maximum number of analyzers of this type.', analyzers)],
  },
  'AWS::CloudTrail::Trail': {
    name: 'TrailName',
    replaces: ['TrailName'],
    create: [
      {
        source: trails,
        refuse: ({ type }, { inventory }) =>
          inventory.of(type).length >= 5 ? 'User already has the maximum number of trails.' : undefined,
      },
    ],
  },
}
