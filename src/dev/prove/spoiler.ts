import { randomId } from '../../domain/ids.ts'
import { envelope } from '../../domain/message.ts'

/** Ways in which a message cannot be read: each is put among good ones in turn. */
const broken: readonly Readonly<Record<string, unknown>>[] = [
  { sendAt: -1 },
  { text: '' },
  { to: '010' },
  { type: 'fax' },
  { acceptedAt: 'yesterday' },
  { from: 'invalid' },
]

/** A message of the harness's own making that no call has asked for. */
interface Planted {
  readonly id: string
  readonly customer: string
}

/** Watches what the gateways put into the queue, keeps a copy, and puts unreadable messages among it when asked to. */
export class Spoiler {
  /** Every body that went into the queue. */
  readonly bodies: string[] = []
  readonly planted: Planted[] = []
  readonly #queue: string
  #toSpoil = 0

  /** @param queue whose messages are watched */
  constructor(queue: string) {
    this.#queue = queue
  }

  /** Spoils the next envelopes. */
  spoil(envelopes: number): void {
    this.#toSpoil += envelopes
  }

  /** How many of those are still to come. */
  get left(): number {
    return this.#toSpoil
  }

  stop(): void {
    this.#toSpoil = 0
  }

  pass(action: string, body: Buffer): Buffer {
    if (action !== 'SendMessageBatch') return body
    const request: { QueueUrl?: string; Entries?: { MessageBody: string }[] } = JSON.parse(body.toString())
    // What a worker moves to the dead letters passes here too.
    if (request.QueueUrl?.endsWith(`/${this.#queue}`) !== true) return body
    let changed = false
    for (const entry of request.Entries ?? []) {
      const spoiled = this.#toSpoil > 0 ? this.#spoiled(entry.MessageBody) : undefined
      if (spoiled !== undefined) {
        entry.MessageBody = spoiled
        changed = true
      }
      this.bodies.push(entry.MessageBody)
    }
    return changed ? Buffer.from(JSON.stringify(request)) : body
  }

  /** The envelope with an unreadable message in its middle. */
  #spoiled(body: string): string | undefined {
    const read = envelope.safeParse(JSON.parse(body))
    if (!read.success) return undefined
    const { messages, customer, ...rest } = read.data
    const id = randomId()
    const bad = { ...messages[0], ref: `planted-${this.planted.length}`, ...broken[this.planted.length % broken.length], id }
    this.#toSpoil -= 1
    this.planted.push({ id, customer })
    const middle = Math.ceil(messages.length / 2)
    return JSON.stringify({ ...rest, customer, messages: [...messages.slice(0, middle), bad, ...messages.slice(middle)] })
  }
}
