import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { callAws, clientOptions } from '../../aws/index.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { type StackKey, stackKeys } from '../../domain/stage.ts'
import { functionOf, isMap, type Json, scalarText } from '../cloudformation/index.ts'
import type { Cause } from './causes.ts'
import type { DesiredStack } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { contentsOf } from './contents.ts'
import type { StackEvent } from './events.ts'
import type { Stack } from './stack.ts'
import { templateFrom } from './template.ts'

/** What is released step by step. The reason of its failure does not always name the alarm. */
const released: ReadonlySet<string> = new Set(['AWS::Lambda::Alias', 'AWS::ECS::Service'])

interface Alarm {
  readonly name: string
  readonly reason: string
  /** It was in ALARM before the release began, and kept CodeDeploy from it. */
  readonly before: boolean
}

function refsIn(value: Json | undefined): readonly string[] {
  if (value === null || typeof value !== 'object') return []
  const [name, of] = functionOf(value) ?? []
  if (name === 'Ref') return [scalarText(of) ?? '']
  return Object.values(value).flatMap((one: Json) => refsIn(one))
}

/** The alarms that stop releases of a stack, by their names in the template. */
function watchedAlarms(body: string): readonly string[] {
  const { resources } = templateFrom(body)
  const named = [...resources.values()].flatMap(({ properties }) => {
    const { AlarmConfiguration, DeploymentConfiguration } = properties
    return [...refsIn(AlarmConfiguration), ...refsIn(isMap(DeploymentConfiguration) ? DeploymentConfiguration.Alarms : undefined)]
  })
  return [...new Set(named)].filter((id) => resources.get(id)?.type === 'AWS::CloudWatch::Alarm')
}

/** The reason in an item of an alarm's history, if the alarm went into ALARM there. */
function reasonIn(data: string | undefined): string | undefined {
  try {
    const { stateValue, stateReason } = recordOf(recordOf(JSON.parse(data ?? '')).newState)
    return stateValue === 'ALARM' ? String(stateReason ?? '') : undefined
  } catch {
    return undefined
  }
}

/** Why an alarm was raised since a moment. The state of the alarm itself is lost: a roll-back changes it to the earlier version. */
async function raised(clients: StackClients, cloudWatch: CloudWatchClient, name: string, since: number) {
  const { DescribeAlarmHistoryCommand } = await import('@aws-sdk/client-cloudwatch')
  const { AlarmHistoryItems = [] } = await callAws(clients, 'cloudwatch:DescribeAlarmHistory', () =>
    cloudWatch.send(
      new DescribeAlarmHistoryCommand({
        AlarmName: name,
        HistoryItemType: 'StateUpdate',
        StartDate: new Date(since),
        ScanBy: 'TimestampDescending',
        MaxRecords: 20,
      }),
    ),
  )
  return AlarmHistoryItems.map(({ HistoryData }) => reasonIn(HistoryData)).find((reason) => reason !== undefined)
}

/** The first alarm that is in ALARM now. */
async function raisedBefore(clients: StackClients, cloudWatch: CloudWatchClient, names: readonly string[]) {
  const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch')
  const { MetricAlarms = [] } = await callAws(clients, 'cloudwatch:DescribeAlarms', () =>
    cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [...names], StateValue: 'ALARM' })),
  )
  return MetricAlarms[0]
}

async function alarmOf(clients: StackClients, stack: Stack, body: string, events: readonly StackEvent[]) {
  const ids = new Set(watchedAlarms(body))
  const contents = await contentsOf(clients, stack)
  const named = [
    ...contents.map(({ id, physicalId }) => ({ id, name: physicalId ?? '' })),
    ...events.map(({ resource, physicalId }) => ({ id: resource, name: physicalId })),
  ]
  const names = [...new Set(named.flatMap(({ id, name }) => (ids.has(id) && name !== '' ? [name] : [])))]
  if (names.length === 0) return undefined
  const { CloudWatchClient: Client } = await import('@aws-sdk/client-cloudwatch')
  const cloudWatch = new Client(clientOptions(clients))
  try {
    for (const name of names) {
      const reason = await raised(clients, cloudWatch, name, events[0]?.at ?? 0)
      if (reason !== undefined) return { name, reason, before: false }
    }
    const active = await raisedBefore(clients, cloudWatch, names)
    return active && { name: active.AlarmName ?? '', reason: active.StateReason ?? '', before: true }
  } finally {
    cloudWatch.destroy()
  }
}

function nextOf(stack: string, { before }: Alarm): NextStep {
  const key: StackKey | undefined = stackKeys.find((one) => stack.endsWith(`-${one}`))
  const logs = apigw('logs', ...(key === undefined ? [] : [key]), '--since', '30m')
  if (!before) return step`${logs}; fix the cause, and deploy again`
  return step`${logs}; end what raised the alarm. If this release is the fix, ${apigw('deploy', ...(key === undefined ? [] : [key]), '--at-once')}`
}

/**
 * The error for a release that an alarm stopped: its name, its reason, and where to look. Undefined for every other failure, and if
 * the alarms cannot be read; the caller then shows what CloudFormation says.
 * @param after what happened to the stack, such as `it was rolled back`
 */
export async function stoppedRelease(
  clients: StackClients,
  { name, templateBody }: DesiredStack,
  { resource, type }: Cause,
  { stack, events }: { readonly stack: Stack; readonly events: readonly StackEvent[] },
  after: string,
): Promise<Problem | undefined> {
  if (!released.has(type)) return undefined
  const alarm = await alarmOf(clients, stack, templateBody, events).catch((error: unknown) => {
    if (error instanceof Problem) return undefined
    throw error
  })
  if (alarm === undefined) return undefined
  const what = alarm.before
    ? `The alarm ${alarm.name} was raised before, so ${resource} (${type}) was not released`
    : `The alarm ${alarm.name} stopped the release of ${resource} (${type})`
  return new Problem('stack-failed', `${name} could not be updated; ${after}. ${what}: ${alarm.reason}`, {
    next: nextOf(name, alarm),
  })
}
