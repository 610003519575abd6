import { type StackKey, stackKeys, stackName } from '../../../domain/stage.ts'
import { type Quota, quotaNeeds, readQuotas, type StageValues } from '../../quotas/index.ts'
import type { Check } from '../check.ts'
import type { Account, Stack } from './account.ts'

const name = 'quotas'

function checkOf({ name: quota, value, needed, otherwise, request }: Quota): Check {
  const detail = `${quota}: the quota is ${value}, and the stage needs ${needed}; otherwise ${otherwise}`
  return { name, state: 'warn', detail, fix: request }
}

async function valuesOf(account: Account): Promise<StageValues> {
  const found = await Promise.all(
    stackKeys.map(
      async (key): Promise<[StackKey, Stack | undefined]> => [key, await account.stack(stackName(account.stage, key))],
    ),
  )
  return Object.fromEntries(found.flatMap(([key, stack]) => (stack === undefined ? [] : [[key, stack.parameters]])))
}

/** Whether the quotas of the account are enough for the deployed stage. What it has already is not counted again. */
export async function checkQuotas(account: Account, signal: AbortSignal): Promise<Check[]> {
  const needs = quotaNeeds(await valuesOf(account)).filter(({ counted }) => counted === undefined)
  if (needs.length === 0) return []
  const { region } = account
  const place = { region, profile: account.place.profile, credentials: account.credentials }
  const quotas = await readQuotas(place, needs, signal)
  const short = quotas.filter(({ isEnough }) => !isEnough)
  if (short.length > 0) return short.map(checkOf)
  return [{ name, state: 'ok', detail: `${quotas.length} quotas are enough for the stage` }]
}
