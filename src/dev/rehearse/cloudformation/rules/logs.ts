import { numberAt, oneOfAKind, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const retention = 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html'
const naming = 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html'
const filters = 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html'

const days = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]

const allowedDays: Rule = {
  source: retention,
  refuse: ({ properties }) => {
    const value = numberAt(properties, 'RetentionInDays')
    return value === undefined || days.includes(value) ? undefined : `Value '${value}' at 'retentionInDays' is not one of ${days}`
  },
}

const groupExists: Rule = {
  source: filters,
  refuse: ({ properties }, { inventory }) => {
    const group = textAt(properties, 'LogGroupName')
    return inventory.find('AWS::Logs::LogGroup', group) === undefined ? 'The specified log group does not exist.' : undefined
  },
}

export const logs: ServiceRules = {
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    replaces: ['LogGroupName'],
    valid: [allowedDays, shaped('LogGroupName', /^[.\-_/#A-Za-z0-9]{1,512}$/, naming)],
  },
  'AWS::Logs::MetricFilter': {
    name: 'FilterName',
    nameWithin: 'LogGroupName',
    replaces: ['FilterName', 'LogGroupName'],
    valid: [groupExists],
  },
  'AWS::Logs::SubscriptionFilter': {
    name: 'FilterName',
    nameWithin: 'LogGroupName',
    replaces: ['FilterName', 'LogGroupName'],
    valid: [groupExists],
  },
  'AWS::Logs::ResourcePolicy': {
    replaces: ['PolicyName'],
    create: [
      oneOfAKind(
        ['PolicyName'],
        ({ properties }) => `The resource policy ${textAt(properties, 'PolicyName')} already exists.`,
        naming,
      ),
    ],
  },
}
