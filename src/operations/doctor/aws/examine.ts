import { type Check, failed, limited, limitMs, type Places } from '../check.ts'
import { type Account, openAccount, unseen } from './account.ts'
import { checkAlerts } from './alerts.ts'
import { checkBudget } from './budget.ts'
import { checkAwsClock } from './clock.ts'
import { checkStacks } from './stacks.ts'
import { checkTrail } from './trail.ts'
import { checkWaf } from './waf.ts'

type Look = (account: Account, signal: AbortSignal) => Promise<Check[]>

/** What is looked at, beside each other. None stops another. */
const looks: readonly (readonly [name: string, look: Look])[] = [
  ['stacks', checkStacks],
  ['clock aws', checkAwsClock],
  ['trail', checkTrail],
  ['waf', checkWaf],
  ['budget', checkBudget],
  ['alerts', checkAlerts],
]

/** A stage whose queues are an emulator's is on this machine, whatever region it has. */
export function isOnAws({ stageRegion, sqsEndpoint }: Places): boolean {
  return stageRegion !== undefined && sqsEndpoint === undefined
}

/** The account, or the check that says why nothing of it can be seen; undefined: the stage is not on AWS. */
export async function lookUpAccount(places: Places): Promise<Account | Check | undefined> {
  const { stage, region } = places
  if (!isOnAws(places) || stage === undefined || region === undefined) return undefined
  try {
    return await openAccount(places, stage, region, AbortSignal.timeout(limitMs))
  } catch (error) {
    const check = unseen('aws', error) ?? failed('aws', error, 'look at the network: AWS does not answer')
    return { ...check, detail: `${check.detail} ${looks.map(([name]) => name).join(', ')} were not looked at` }
  }
}

export async function examineAccount(account: Account): Promise<Check[]> {
  const who: Check = { name: 'aws', state: 'ok', detail: `account ${account.id}, ${account.region}, as ${account.arn}` }
  const found = await Promise.all(
    looks.map(([name, look]) =>
      limited(name, 'run it again; if it stays so, look at https://health.aws.amazon.com', async (signal) => {
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
