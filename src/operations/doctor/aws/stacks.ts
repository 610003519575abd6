import { apigw, step } from '../../../domain/next-step.ts'
import { stackKeys, stackName } from '../../../domain/stage.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

/** The check of a CloudFormation status (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html). */
function statusResult(stage: string, key: string, status: string): Check | undefined {
  const name = `stack ${stackName(stage, key)}`
  const again = apigw('deploy', key, '--stage', stage)
  if (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE') return undefined
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    return { name, state: 'warn', detail: 'its last update failed and was rolled back', fix: again }
  }
  if (status.endsWith('_IN_PROGRESS'))
    return { name, state: 'warn', detail: `is being changed (${status})`, fix: 'wait, then run it again' }
  return { name, state: 'fail', detail: status, fix: step`${again} shows what failed first` }
}

/** Whether all stacks of the stage are deployed and healthy. */
export async function checkStacks({ stage, stack }: Account): Promise<Check[]> {
  const found = await Promise.all(stackKeys.map(async (key) => ({ key, status: (await stack(stackName(stage, key)))?.status })))
  const there = found.flatMap(({ key, status }) => (status === undefined ? [] : [{ key, status }]))
  const all = apigw('deploy', '--stage', stage)
  if (there.length === 0) {
    return [{ name: 'stacks', state: 'warn', detail: `the stage ${stage} has no stacks in this account and region`, fix: all }]
  }
  const missing = found
    .filter(({ status }) => status === undefined)
    .map(({ key }): Check => {
      const name = `stack ${stackName(stage, key)}`
      // A stage works without it.
      const state = key === 'admin' ? 'warn' : 'fail'
      return { name, state, detail: 'does not exist', fix: apigw('deploy', key, '--stage', stage) }
    })
  const faults = [...there.flatMap(({ key, status }) => statusResult(stage, key, status) ?? []), ...missing]
  const whole = there.map(({ key }) => key).filter((key) => !faults.some(({ name }) => name.endsWith(`-${key}`)))
  return [...(whole.length > 0 ? [{ name: 'stacks', state: 'ok', detail: whole.join(', ') } as const] : []), ...faults]
}
