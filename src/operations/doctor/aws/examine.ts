import { type Check, failed, limited, limitMs, type Places } from '../check.ts'
import { type Account, openAccount, unseen } from './account.ts'
import { checkAlerts } from './alerts.ts'
import { checkBudget } from './budget.ts'
import { checkAwsClock } from './clock.ts'
import { checkStacks } from './stacks.ts'
import { checkTrail } from './trail.ts'
import { checkWaf } from './waf.ts'

type Look = (account: Account, signal: AbortSignal) => Promise<Check[]>

/** The checks, which run in parallel. A failure does not affect the others. */
const looks: readonly (readonly [name: string, look: Look])[] = [
  ['stacks', checkStacks],
  ['clock aws', checkAwsClock],
  ['trail', checkTrail],
  ['waf', checkWaf],
  ['budget', checkBudget],
  ['alerts', checkAlerts],
]

/** A stage with an SQS endpoint uses a local emulator, whatever its region. */
export function isOnAws({ stageRegion, sqsEndpoint }: Places): boolean {
  return stageRegion !== undefined && sqsEndpoint === undefined
}

/** The account, or a check that says why it is not accessible; undefined if the stage is not on AWS. */
export async function lookUpAccount(places: Places): Promise<Account | Check | undefined> {
  const { stage, region } = places
  if (!isOnAws(places) || stage === undefined || region === undefined) return undefined
  try {
    return await openAccount(places, stage, region, AbortSignal.timeout(limitMs))
  } catch (error) {
    const check = unseen('aws', error) ?? failed('aws', error, 'check the network: AWS does not answer')
    return { ...check, detail: `${check.detail} ${looks.map(([name]) => name).join(', ')} were not checked` }
  }
}

export async function examineAccount(account: Account): Promise<Check[]> {
  const who: Check = { name: 'aws', state: 'ok', detail: `account ${account.id}, ${account.region}, as ${account.arn}` }
  const found = await Promise.all(
    looks.map(([name, look]) =>
      limited(name, 'run it again; if it fails again, check https://health.aws.amazon.com', async (signal) => {
        try {
          return await look(account, signal)
        } catch (error) {
          const skipped = unseen(name, error)
          if (skipped !== undefined) return [skipped]
          throw error
        }
      }),
    ),
  )
  return [who, ...found.flat()]
}
