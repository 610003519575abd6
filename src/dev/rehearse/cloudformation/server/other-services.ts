import { recordOf } from '../../../../domain/record.ts'
import type { Account } from '../account.ts'
import type { Thing } from '../inventory.ts'
import { Refusal } from '../refusal.ts'
import type { Action } from './actions.ts'
import { elements, members } from './xml.ts'

function usersOf(account: Account, group: string): Set<string> {
  if (account.inventory.find('AWS::IAM::Group', group) === undefined) {
    throw new Refusal(`The group with name ${group} cannot be found.`, 'NoSuchEntity', 404)
  }
  return account.facts.members.get(group) ?? new Set()
}

/** What a deployment asks of IAM and STS: who it is, and who is in the groups of a stack. */
/** The ARNs of resources that can have tags, as far as a deployment asks for them. */
const arns: Readonly<Record<string, (thing: Thing, place: Account['place']) => string>> = {
  'AWS::DynamoDB::Table': ({ id }, { region, account }) => `arn:aws:dynamodb:${region}:${account}:table/${id}`,
  'AWS::S3::Bucket': ({ id }) => `arn:aws:s3:::${id}`,
  'AWS::SQS::Queue': ({ id }, { region, account }) => `arn:aws:sqs:${region}:${account}:${id.split('/').at(-1)}`,
  'AWS::SecretsManager::Secret': ({ id }) => id,
}

export const identityActions: Readonly<Record<string, Action>> = {
  GetCallerIdentity: (_form, { account }) => {
    const { account: id } = account.place
    return elements({ Account: id, Arn: `arn:aws:iam::${id}:user/rehearsal`, UserId: 'AIDAREHEARSAL' })
  },
  GetGroup: (form, { account }) => {
    const group = form.needed('GroupName')
    const users = [...usersOf(account, group)].map((UserName) => elements({ UserName, UserId: UserName }))
    return elements({ Group: elements({ GroupName: group }), Users: members(users), IsTruncated: 'false' })
  },
  RemoveUserFromGroup: (form, { account }) => {
    usersOf(account, form.needed('GroupName')).delete(form.needed('UserName'))
    return elements({})
  },
}

type JsonAction = (body: Readonly<Record<string, unknown>>, account: Account) => object

const jsonActions: Readonly<Record<string, JsonAction>> = {
  'AmazonSQS.GetQueueUrl': ({ QueueName }, { inventory, place }) => {
    const url = `https://sqs.${place.region}.amazonaws.com/${place.account}/${String(QueueName)}`
    if (inventory.find('AWS::SQS::Queue', url) !== undefined) return { QueueUrl: url }
    throw new Refusal('The specified queue does not exist.', 'QueueDoesNotExist')
  },
  'ResourceGroupsTaggingAPI_20170126.GetResources': ({ TagFilters }, { inventory, place }) => {
    const [filter]: readonly unknown[] = Array.isArray(TagFilters) ? TagFilters : []
    const { Key, Values } = recordOf(filter)
    const wanted: readonly unknown[] = Array.isArray(Values) ? Values : []
    const tagged = inventory.all().filter(({ tags = {} }) => wanted.includes(tags[String(Key)]))
    const found = tagged.flatMap((thing) => arns[thing.type]?.(thing, place) ?? [])
    return { ResourceTagMappingList: found.map((ResourceARN) => ({ ResourceARN, Tags: [] })), PaginationToken: '' }
  },
  'DynamoDB_20120810.DescribeTable': ({ TableName }, { inventory }) => {
    const table = inventory.find('AWS::DynamoDB::Table', String(TableName))
    if (table === undefined) throw new Refusal('Requested resource not found', 'ResourceNotFoundException')
    return { Table: { TableName, ...table.properties } }
  },
  'GraniteServiceVersion20100801.DescribeAlarms': ({ AlarmNames }, { facts }) => ({
    MetricAlarms: (Array.isArray(AlarmNames) ? AlarmNames : [])
      .filter((name) => facts.alarms.has(String(name)))
      .map((name) => ({ AlarmName: name, StateValue: 'ALARM', StateReason: 'Threshold Crossed' })),
  }),
  'GraniteServiceVersion20100801.DescribeAlarmHistory': ({ AlarmName, StartDate = 0 }, { facts }) => ({
    AlarmHistoryItems: facts.alarmHistory
      .filter(({ alarm, at }) => alarm === AlarmName && at >= Number(StartDate) * 1000)
      .map(({ alarm, at, reason }) => ({
        AlarmName: alarm,
        Timestamp: at / 1000,
        HistoryItemType: 'StateUpdate',
        HistorySummary: 'Alarm updated from OK to ALARM',
        HistoryData: JSON.stringify({ newState: { stateValue: 'ALARM', stateReason: reason } }),
      })),
  }),
}

/** Answers a request of the JSON protocol. @throws Refusal */
export function answerJson(target: string, body: string, account: Account): object {
  const action = Object.hasOwn(jsonActions, target) ? jsonActions[target] : undefined
  if (action === undefined) throw new Refusal(`The action ${target} is not valid`, 'InvalidAction')
  return action(recordOf(JSON.parse(body)), account)
}
