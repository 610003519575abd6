import { apigw, step } from '../../../domain/next-step.ts'
import { stackKeys, stackName } from '../../../domain/stage.ts'
import type { Check } from '../check.ts'
import type { Account, Drift } from './account.ts'

const name = 'drift'
const dayMs = 86_400_000

type Known = readonly [key: string, drift: Drift]

const namesOf = (some: readonly Known[]): string => some.map(([key]) => key).join(', ')

/** How long ago the stacks were compared, by the oldest comparison. */
function ageOf(some: readonly Known[], now: number): string {
  const known = some.flatMap(([, { checkedAt }]) => (checkedAt === undefined ? [] : [checkedAt]))
  if (known.length === 0) return 'at an unknown time'
  const days = Math.max(0, Math.floor((now - Math.min(...known)) / dayMs))
  return days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
}

/**
 * What CloudFormation found when the stacks were last compared with their resources. A comparison takes minutes and is left to
 * `apigw diff --drift`; its result costs nothing to read
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackDriftInformation.html).
 */
export async function checkDrift({ stage, stack }: Account, _signal?: AbortSignal, now = Date.now()): Promise<Check[]> {
  const found = await Promise.all(stackKeys.map(async (key) => [key, (await stack(stackName(stage, key)))?.drift] as const))
  const there = found.flatMap(([key, drift]): Known[] => (drift === undefined ? [] : [[key, drift]]))
  if (there.length === 0) return []
  const compare = apigw('diff', '--drift', '--stage', stage)
  const of = (status: string) => there.filter(([, drift]) => drift.status === status)
  const [drifted, inSync, never] = [of('DRIFTED'), of('IN_SYNC'), of('NOT_CHECKED')]
  const others = there.filter((one) => ![...drifted, ...inSync, ...never].includes(one))
  const checks: Check[] = []
  if (drifted.length > 0) {
    const detail = `${namesOf(drifted)} differed from their templates ${ageOf(drifted, now)}: something was changed outside CloudFormation`
    checks.push({
      name,
      state: 'warn',
      detail,
      fix: step`${compare} shows it; ${apigw('deploy', '--stage', stage)} changes only what templates change`,
    })
  }
  if (inSync.length > 0) checks.push({ name, state: 'ok', detail: `${namesOf(inSync)} had no drift ${ageOf(inSync, now)}` })
  if (never.length > 0) checks.push({ name, state: 'skipped', detail: `${namesOf(never)} were never compared`, fix: compare })
  // UNKNOWN, and what AWS may add.
  for (const [key, { status }] of others) {
    checks.push({ name, state: 'skipped', detail: `CloudFormation says ${status} of ${key}`, fix: compare })
  }
  return checks
}
