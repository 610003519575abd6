import { type Check, failed, limited, limitMs, type Places } from '../check.ts'
import { type Account, openAccount, skippedCheck } from './account.ts'
import { checkAlerts } from './alerts.ts'
import { checkBudget } from './budget.ts'
import { checkAwsClock } from './clock.ts'
import { checkDrift } from './drift.ts'
import { checkQuotas } from './quotas.ts'
import { checkStacks } from './stacks.ts'
import { checkThresholds } from './thresholds.ts'
import { checkTrail } from './trail.ts'
import { checkWaf } from './waf.ts'

type Probe = (account: Account, signal: AbortSignal) => Promise<Check[]>

/** The checks, which run in parallel. A failure does not affect the others. */
const probes: readonly (readonly [name: string, probe: Probe])[] = [
  ['stacks', checkStacks],
  ['drift', checkDrift],
  ['clock aws', checkAwsClock],
  ['trail', checkTrail],
  ['waf', checkWaf],
  ['budget', checkBudget],
  ['alerts', checkAlerts],
  ['thresholds', checkThresholds],
  ['quotas', checkQuotas],
]

/** A stage with an SQS endpoint uses a local emulator, whatever its region. */
export function isOnAws({ stageRegion, sqsEndpoint }: Places): boolean {
  return stageRegion !== undefined && sqsEndpoint === undefined
}

/** The account, or a check that says why it is not accessible; undefined if the stage is not on AWS. */
export async function openAccountOrCheck(places: Places): Promise<Account | Check | undefined> {
  const { stage, region } = places
  if (!isOnAws(places) || stage === undefined || region === undefined) return undefined
  try {
    return await openAccount(places, stage, region, AbortSignal.timeout(limitMs))
  } catch (error) {
    const check = skippedCheck('aws', error) ?? failed('aws', error, 'check the network: AWS does not answer')
    return { ...check, detail: `${check.detail} ${probes.map(([name]) => name).join(', ')} were not checked` }
  }
}

export async function examineAccount(account: Account): Promise<Check[]> {
  const who: Check = { name: 'aws', state: 'ok', detail: `account ${account.id}, ${account.region}, as ${account.arn}` }
  const found = await Promise.all(
    probes.map(([name, probe]) =>
      limited(name, 'run it again; if it fails again, check https://health.aws.amazon.com', async (signal) => {
        try {
          return await probe(account, signal)
        } catch (error) {
          const skipped = skippedCheck(name, error)
          if (skipped !== undefined) return [skipped]
          throw error
        }
      }),
    ),
  )
  return [who, ...found.flat()]
}
