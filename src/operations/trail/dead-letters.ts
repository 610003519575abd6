import { awsProblem, callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { reportedIn, signalOf } from '../../runtime/notifier/index.ts'
import type { Received } from '../../runtime/ports/index.ts'
import type { TrailClients } from './clients.ts'
import { installedOutputs, queueName } from './status.ts'

/** A report that could not be told. */
export interface DeadLetter {
  readonly id: string
  readonly sentAt: number
  readonly kind: string
  /** What it is about, shortly: the action, the alarm, the finding or the subject. */
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
 * What the notifier has to be given to tell a dead letter. Lambda puts there what it was called with, SNS its whole
 * notification, EventBridge its event.
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

/** A call of the queue. Its own words for a missing right do not name the right. */
async function asked<T>({ place }: TrailClients, action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const told = error instanceof Problem ? awsProblem(error.cause, { action, ...place }) : error
    throw told instanceof Problem ? told : error
  }
}

/** One look. What it finds is hidden from others until it is given back, or the time is over. */
async function receive(clients: TrailClients, queue: string, most: number, visibilitySeconds: number): Promise<Received[]> {
  const options = { most: Math.min(10, most), waitSeconds: 1, visibilitySeconds }
  return asked(clients, 'sqs:ReceiveMessage', () => clients.queue.receive(queue, options))
}

async function giveBack(clients: TrailClients, queue: string, letters: readonly Received[]): Promise<void> {
  const receipts = letters.map(({ receipt }) => receipt)
  await asked(clients, 'sqs:ChangeMessageVisibility', () => clients.queue.extend(queue, receipts, 0))
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

/** Looks at dead letters and gives them back. */
export async function listDeadLetters(clients: TrailClients, most: number): Promise<DeadLetter[]> {
  const queue = queueName(await installedOutputs(clients.place))
  const all = await received(clients, queue, most, 30)
  await giveBack(clients, queue, all)
  return all.map(({ id, sentAt, body }) => ({ id, sentAt, ...aboutOf(body) }))
}

export interface Redriven {
  readonly told: number
  /** What failed again stays where it is. */
  readonly failed: number
  readonly why: string | null
}

/** @returns why the notifier could not tell it; undefined: it is told */
async function toldAgain(clients: TrailClients, FunctionName: string | undefined, body: string): Promise<string | undefined> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda')
  const Payload = Buffer.from(JSON.stringify(eventIn(body)))
  const answer = await callAws(clients.place, 'lambda:InvokeFunction', () =>
    clients.lambda.send(new InvokeCommand({ FunctionName, Payload })),
  )
  if (answer.FunctionError === undefined) return undefined
  return String(recordOf(parsed(Buffer.from(answer.Payload ?? []).toString('utf8'))).errorMessage ?? answer.FunctionError)
}

/**
 * Gives dead letters to the notifier again, one by one, and deletes those that it took. What was told meanwhile by another
 * report is not told twice: the notifier remembers longer than the queue keeps. At the end, and also where it ends early,
 * all the others are given back, to be seen and told by the next run.
 */
export async function redriveDeadLetters(clients: TrailClients, most: number): Promise<Redriven> {
  const outputs = await installedOutputs(clients.place)
  const queue = queueName(outputs)
  const held = new Set<Received>()
  let told = 0
  let failed = 0
  let why: string | null = null
  try {
    while (told + failed < most) {
      // Longer than a run takes, so that what fails does not come again in the same run.
      const some = await receive(clients, queue, most - told - failed, 900)
      if (some.length === 0) break
      for (const one of some) held.add(one)
      for (const one of some) {
        const fault = await toldAgain(clients, outputs.FunctionName, one.body)
        if (fault === undefined) {
          await asked(clients, 'sqs:DeleteMessage', () => clients.queue.delete(queue, [one.receipt]))
          held.delete(one)
          told++
        } else {
          failed++
          why = fault
        }
      }
    }
  } finally {
    // What cannot be given back comes back by itself, and is no reason to hide why the run ended.
    await giveBack(clients, queue, [...held]).catch(() => undefined)
  }
  return { told, failed, why }
}
