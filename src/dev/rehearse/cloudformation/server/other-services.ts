import { recordOf } from '../../../../domain/record.ts'
import type { Account } from '../account.ts'
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
