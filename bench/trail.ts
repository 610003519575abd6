import { randomUUID } from 'node:crypto'
import {
  handle,
  InProcessMemory,
  loadRules,
  Notifier,
  packSettings,
  readPackedSettings,
  sendAlert,
  shippedRules,
} from '../src/runtime/notifier/index.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const events = 2_000

/** Invocations as SNS makes them: an example of a rule each, by another actor each, so that no burst is collected. */
function invocations(): string[] {
  const rules = loadRules(shippedRules).filter(({ threshold, digest }) => threshold === undefined && !digest)
  const examples = rules.flatMap(({ examples, source }) => (source === 'cloudtrail' ? (examples?.matches ?? []) : []))
  return Array.from({ length: events }, (_, at) => {
    const example = examples[at % examples.length]
    const userIdentity = { ...Object(example?.userIdentity), arn: `arn:aws:iam::123456789012:user/user-${at}` }
    const detail = { ...example, eventID: randomUUID(), userIdentity }
    const Message = JSON.stringify({ id: randomUUID(), source: 'aws.x', 'detail-type': 'AWS API Call via CloudTrail', detail })
    const Sns = { MessageId: randomUUID(), TopicArn: 'arn:aws:sns:ap-northeast-2:123456789012:apigw-trail-alerts', Message }
    return JSON.stringify({ Records: [{ EventSource: 'aws:sns', Sns }] })
  })
}

/** The shipped handler, with everything but DynamoDB and Slack; what would be posted is made and thrown away. */
function handler() {
  const { rules, channels } = readPackedSettings(
    packSettings({ rules: loadRules(shippedRules), ignores: [], channels: {}, filters: [] }),
  )
  const memory = new InProcessMemory(Date.now)
  let bytes = 0
  const post = async (_: string, message: unknown) => {
    bytes += JSON.stringify(message).length
  }
  const notifier = new Notifier({
    rules,
    memory,
    explain: async () => ({ records: [] }),
    send: (alert) => sendAlert(alert, { channels, memory, post }),
    now: Date.now,
  })
  const parts = { notifier, tellDue: async () => 0, log: () => undefined }
  return { tell: (text: string) => handle(JSON.parse(text), parts), bytes: () => bytes }
}

async function perSecond(texts: readonly string[], work: (text: string) => unknown): Promise<number> {
  const began = process.hrtime.bigint()
  for (const text of texts) await work(text)
  return (texts.length / Number(process.hrtime.bigint() - began)) * 1e9
}

async function run({ rounds }: BenchOptions): Promise<void> {
  const texts = invocations()
  const found: { readonly plain: number; readonly handled: number }[] = []
  let posted = 0
  for (let round = 0; round <= rounds; round++) {
    const plain = await perSecond(texts, (text) => JSON.stringify(JSON.parse(text)))
    const { tell, bytes } = handler()
    const handled = await perSecond(texts, tell)
    posted = bytes()
    // The first is for the compiler.
    if (round > 0) found.push({ plain, handled })
  }
  const plain = median(found.map((one) => one.plain))
  const handled = median(found.map((one) => one.handled))
  const ratio = median(found.map((one) => one.handled / one.plain))
  printTable(
    ['of an event', 'events a second', 'over plain'],
    [
      ['JSON.parse + JSON.stringify', whole(plain), '1.00'],
      ['the handler, without DynamoDB and Slack', whole(handled), ratio.toFixed(3)],
    ],
  )
  const size = texts.reduce((sum, text) => sum + text.length, 0) / texts.length
  print(`${whole(size)} bytes an event, ${whole(posted / texts.length)} bytes a message; ${rounds} rounds, in turn.`)
}

const bench: Bench = { question: 'what does it cost to turn an event into an alert, over reading and writing it as JSON?', run }
export default bench
