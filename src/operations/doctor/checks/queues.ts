import { awsProblem, type SigningCredentials } from '../../../aws/index.ts'
import { apigw, step } from '../../../domain/next-step.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Route } from '../../../domain/route.ts'
import { openQueue, type Queue } from '../../../runtime/ports/index.ts'
import { type Check, failed, type Places } from '../check.ts'

/**
 * With fewer receives, an outage of the database moves good messages to the dead-letter queue. A function uses one receive per
 * visibility timeout, so 100 last five hours at 180 s. The stack's queues allow 1000, the maximum of SQS.
 */
const fewReceives = 100

/** Whether a queue exists, has a dead-letter queue, and has dead letters. */
async function checkQueue(queue: Queue, of: string): Promise<Check> {
  const name = `queue ${of}`
  try {
    const { visible, inFlight, deadLetter } = await queue.state(of)
    const detail = `${visible} waiting, ${inFlight} in flight`
    if (deadLetter === undefined) {
      return {
        name,
        state: 'warn',
        detail: `${detail}; it has no redrive policy, so a message that cannot be stored is retried until it expires`,
        fix: step`add a dead-letter queue: ${apigw('deploy', 'data')}, or aws sqs set-queue-attributes --attributes RedrivePolicy=…`,
      }
    }
    const dead = await queue.state(deadLetter.queue)
    const { maxReceiveCount } = deadLetter
    const isLow = maxReceiveCount < fewReceives
    const early = `maxReceiveCount is ${maxReceiveCount}, so an outage of the database moves good messages to ${deadLetter.queue}`
    const raise = step`set it to 1000: ${apigw('deploy', 'data')}, or aws sqs set-queue-attributes --attributes RedrivePolicy=…`
    if (dead.visible === 0) {
      return isLow ? { name, state: 'warn', detail: `${detail}; ${early}`, fix: raise } : { name, state: 'ok', detail }
    }
    return {
      name,
      state: 'warn',
      detail: `${detail}; ${dead.visible} in ${deadLetter.queue}, which are not delivered${isLow ? `; ${early}` : ''}`,
      fix: step`${apigw('queue peek', deadLetter.queue)}, and once the cause is fixed: ${apigw('queue redrive', of)}${isLow ? step`; ${raise}` : ''}`,
    }
  } catch (error) {
    return skippedCheck(name, error) ?? failed(name, error, 'create the queue, or change the routes that use it')
  }
}

/**
 * The check of a queue that a route names. `sandbox` is the sandbox queue of the stage
 * (docs/decisions/0066-the-sandbox-queue-by-its-name.md), or a queue that is called so.
 */
export async function checkRouted(queue: Queue, name: string, stage: string | undefined): Promise<Check> {
  if (name !== 'sandbox' || stage === undefined) return checkQueue(queue, name)
  const ofStage = await checkQueue(queue, `sandbox-apigw-${stage}`)
  if (ofStage.state !== 'fail') return ofStage
  const called = await checkQueue(queue, name)
  return called.state === 'fail' ? ofStage : called
}

/** The skipped check for a missing permission, which says nothing about the queue itself. */
function skippedCheck(name: string, error: unknown): Check | undefined {
  if (!(error instanceof Problem)) return undefined
  const denied = awsProblem(error.cause, { action: 'sqs:GetQueueAttributes', region: undefined, profile: undefined })
  if (!(denied instanceof Problem) || denied.code !== 'aws-denied') return undefined
  return { name, state: 'skipped', detail: denied.message, ...(denied.step !== undefined && { fix: denied.step }) }
}

/** @param credentials defaults to the credentials of the environment */
export async function checkQueues(
  { sqsEndpoint, region, stage, stageRegion }: Places,
  routes: readonly Route[],
  credentials: (() => Promise<SigningCredentials>) | undefined,
): Promise<Check[]> {
  const names = [...new Set(routes.flatMap((route) => route.targets.map((target) => target.queue)))].sort()
  if (names.length === 0) return []
  if (sqsEndpoint === undefined && region === undefined) {
    return [
      {
        name: 'queues',
        state: 'warn',
        detail: 'neither a region nor an SQS endpoint is set, so the queues were not checked',
        fix: 'set region in apigw.yaml',
      },
    ]
  }
  const queue = openQueue({ endpoint: sqsEndpoint, region, credentials: sqsEndpoint === undefined ? credentials : undefined })
  try {
    const deployed = sqsEndpoint === undefined && stageRegion !== undefined ? stage : undefined
    return await Promise.all(names.map((name) => checkRouted(queue, name, deployed)))
  } finally {
    queue.close()
  }
}
