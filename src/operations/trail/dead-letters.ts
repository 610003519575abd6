import { awsProblem, callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { reportedIn, signalOf } from '../../runtime/notifier/index.ts'
import type { Received } from '../../runtime/ports/index.ts'
import type { TrailClients } from './clients.ts'
import { installedOutputs, queueName } from './status.ts'

/** An alert that could not be posted. */
export interface DeadLetter {
  readonly id: string
  readonly sentAt: number
  readonly kind: string
  /** A short description: the action, alarm, finding or subject. */
  readonly about: string
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * The Lambda event for the notifier that a dead letter contains. Lambda stores the invocation payload in the queue, SNS the
 * notification, and EventBridge the event.
 */
export function eventIn(body: string): unknown {
  const value = parsed(body)
  const { Records, requestPayload } = recordOf(value)
  if (requestPayload !== undefined) return requestPayload
  return Records === undefined ? { Records: [{ Sns: notificationOf(value, body) }] } : value
}

function notificationOf(value: unknown, body: string): unknown {
  const { Type, Message, id } = recordOf(value)
  if (Type === 'Notification' && typeof Message === 'string') return value
  return { TopicArn: 'dead-letters', Message: body, ...(typeof id === 'string' && { MessageId: id }) }
}

function aboutOf(body: string): { kind: string; about: string } {
  const [first] = reportedIn(eventIn(body), () => '')
  if (first === undefined) return { kind: 'text', about: '' }
  const signal = signalOf(first)
  const short = (value: unknown) =>
    String(value ?? '')
      .slice(0, 80)
      .replace(/\p{Cc}/gu, ' ')
  switch (signal.kind) {
    case 'activity':
      return { kind: signal.kind, about: short(signal.record.eventName) }
    case 'finding':
      return { kind: signal.kind, about: short(recordOf(signal.event.detail).type) }
    case 'alarm':
      return { kind: signal.kind, about: short(signal.alarm.AlarmName) }
    case 'tick':
      return { kind: signal.kind, about: '' }
    default:
      return { kind: signal.kind, about: short(signal.subject ?? signal.text) }
  }
}

/** Calls the queue, and names the permission in an access error, which the queue client's own error does not. */
async function callQueue<T>({ place }: TrailClients, action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const known = error instanceof Problem ? awsProblem(error.cause, { action, ...place }) : error
    throw known instanceof Problem ? known : error
  }
}

/** One receive. Its messages are hidden from other consumers until they are returned or time out. */
async function receive(clients: TrailClients, queue: string, most: number, visibilitySeconds: number): Promise<Received[]> {
  const options = { most: Math.min(10, most), waitSeconds: 1, visibilitySeconds }
  return callQueue(clients, 'sqs:ReceiveMessage', () => clients.queue.receive(queue, options))
}

async function giveBack(clients: TrailClients, queue: string, letters: readonly Received[]): Promise<void> {
  const receipts = letters.map(({ receipt }) => receipt)
  await callQueue(clients, 'sqs:ChangeMessageVisibility', () => clients.queue.extend(queue, receipts, 0))
}

async function received(clients: TrailClients, queue: string, most: number, visibilitySeconds: number): Promise<Received[]> {
  const seen = new Map<string, Received>()
  for (;;) {
    const some = await receive(clients, queue, most - seen.size, visibilitySeconds)
    const before = seen.size
    for (const one of some) seen.set(one.id, one)
    if (seen.size === before || seen.size >= most) return [...seen.values()]
  }
}

/** Lists dead letters and returns them to the queue. */
export async function listDeadLetters(clients: TrailClients, most: number): Promise<DeadLetter[]> {
  const queue = queueName(await installedOutputs(clients.place))
  const all = await received(clients, queue, most, 30)
  await giveBack(clients, queue, all)
  return all.map(({ id, sentAt, body }) => ({ id, sentAt, ...aboutOf(body) }))
}

export interface Redriven {
  readonly told: number
  /** Alerts that failed again, which stay in the queue. */
  readonly failed: number
  readonly why: string | null
}

/** Invokes the notifier. @returns its error; undefined if the alert was posted */
async function invokeNotifier(
  clients: TrailClients,
  FunctionName: string | undefined,
  body: string,
): Promise<string | undefined> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda')
  const Payload = Buffer.from(JSON.stringify(eventIn(body)))
  const answer = await callAws(clients.place, 'lambda:InvokeFunction', () =>
    clients.lambda.send(new InvokeCommand({ FunctionName, Payload })),
  )
  if (answer.FunctionError === undefined) return undefined
  return String(recordOf(parsed(Buffer.from(answer.Payload ?? []).toString('utf8'))).errorMessage ?? answer.FunctionError)
}

/**
 * Invokes the notifier with each dead letter, and deletes those that it posted. An alert that was already posted is not posted
 * twice, because the notifier's deduplication window is longer than the queue's retention. At the end, even after an error, all
 * other messages are returned to the queue for the next run.
 */
export async function redriveDeadLetters(clients: TrailClients, most: number): Promise<Redriven> {
  const outputs = await installedOutputs(clients.place)
  const queue = queueName(outputs)
  const held = new Set<Received>()
  let posted = 0
  let failed = 0
  let why: string | null = null
  try {
    while (posted + failed < most) {
      // Longer than a run, so that a failed message is not received twice in one run.
      const some = await receive(clients, queue, most - posted - failed, 900)
      if (some.length === 0) break
      for (const one of some) held.add(one)
      for (const one of some) {
        const fault = await invokeNotifier(clients, outputs.FunctionName, one.body)
        if (fault === undefined) {
          await callQueue(clients, 'sqs:DeleteMessage', () => clients.queue.delete(queue, [one.receipt]))
          held.delete(one)
          posted++
        } else {
          failed++
          why = fault
        }
      }
    }
  } finally {
    // A message that cannot be returned times out, and this error must not hide the original one.
    await giveBack(clients, queue, [...held]).catch(() => undefined)
  }
  return { told: posted, failed, why }
}
