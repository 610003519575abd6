import { startDynamodb } from '../src/dev/local/index.ts'
import { startFaultyHttp } from '../src/dev/prove/faulty-http.ts'
import { messageIdPattern, randomId } from '../src/domain/ids.ts'
import { recordOf } from '../src/domain/record.ts'
import { type Ledger, type MessageQuery, openLedger, type Queued, ReadBudget } from '../src/runtime/ports/index.ts'
import type { Bench } from './lib/bench.ts'
import { temporaryFolder } from './lib/children.ts'
import { print, printTable, whole } from './lib/report.ts'

/** Messages of one customer. */
const sizes = [10_000, 100_000, 1_000_000]
const region = 'ap-northeast-2'
const owner = { customer: 'acme', environment: 'live' } as const
const day = 86_400_000
const noon = Date.parse('2026-11-23T03:00:00Z')
/** Messages of one call. */
const together = 500
const callsAtOnce = 4
const limit = 100
const maxTries = 20
/** What the gateway allows one search. */
const maxReads = 24

/** What a search asked of DynamoDB. */
interface Cost {
  requests: number
  /** Items that DynamoDB looked at. */
  items: number
  bytes: number
}

/** A hash as long as a real one. */
function hashOf(name: string): string {
  return name.padStart(43, '-')
}

/**
 * Message number `at`. Of a hundred, one has a recipient that many have, one a ref that many have, and one both of its own. The others
 * have neither, because their entries would lie in partitions of their own, which no search reads.
 */
function messageOf(at: number): Queued {
  const acceptedAt = noon - Math.floor(at / together) * 20
  const plain = { id: randomId(), at: acceptedAt, acceptedAt }
  if (at % 100 === 0) return { ...plain, recipientHash: hashOf('often') }
  if (at % 100 === 1) return { ...plain, ref: 'often' }
  return at % 100 === 2 ? { ...plain, ref: `order-${at}`, recipientHash: hashOf(`r${at}`) } : plain
}

/** A write that the emulator was too slow for is made again: it has the same items. */
async function written(ledger: Ledger, messages: readonly Queued[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await ledger.queued(owner, messages)
    } catch (error) {
      if (tries >= maxTries) throw error
    }
  }
}

async function fill(ledger: Ledger, from: number, to: number): Promise<void> {
  let next = from
  const calls = async (): Promise<void> => {
    while (next < to) {
      const first = next
      next += together
      await written(
        ledger,
        Array.from({ length: Math.min(together, to - first) }, (_, at) => messageOf(first + at)),
      )
      if (first % 100_000 === 0) print(`… ${whole(first)} messages`)
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, calls))
}

const searches: Readonly<Record<string, MessageQuery>> = {
  'a ref of one message': { ref: 'order-3002' },
  'a ref of many': { ref: 'often' },
  'a recipient of one message': { recipients: [hashOf('r3002')] },
  'a recipient of many': { recipients: [hashOf('often')] },
  'a recipient of many, on a day': { recipients: [hashOf('often')], from: noon - day, until: noon + 1 },
  'a day': { from: noon - day, until: noon + 1 },
  'a day, with a status that none has': { from: noon - day, until: noon + 1, statuses: ['failed'] },
  'what is not there': { ref: 'nothing' },
}

const bench: Bench = {
  question: `what one page of a search reads among ${sizes.map(whole).join(', ')} messages of a customer`,
  needs: [],
  byNameOnly: true,
  run: async () => {
    const dynamodb = await startDynamodb(temporaryFolder())
    let cost: Cost = { requests: 0, items: 0, bytes: 0 }
    const watched = await startFaultyHttp(Number(new URL(dynamodb.address).port), {
      answered: (_action, _status, body) => {
        const said = recordOf(JSON.parse(body.toString()))
        const found = Object.values(recordOf(said.Responses)).flatMap((some) => (Array.isArray(some) ? some : []))
        cost.requests += 1
        cost.items += typeof said.ScannedCount === 'number' ? said.ScannedCount : found.length
        cost.bytes += body.length
      },
    })
    const [writer, reader] = [dynamodb.address, watched.address].map((endpoint) =>
      openLedger({ endpoint, region, now: () => noon + 1_000 }),
    )
    if (writer === undefined || reader === undefined) throw new Error('an endpoint is there, and no ledger')
    await writer.prepare()
    const first = new Map<string, Cost>()
    let filled = 0
    for (const size of sizes) {
      await fill(writer, filled, size)
      filled = size
      const rows: string[][] = []
      for (const [name, query] of Object.entries(searches)) {
        cost = { requests: 0, items: 0, bytes: 0 }
        const page = await reader.find(owner, query, undefined, limit, new ReadBudget(maxReads))
        if (page.messages.some(({ id }) => !messageIdPattern.test(id)))
          throw new Error('a search found something else than messages')
        const { requests, items, bytes } = first.get(name) ?? cost
        first.set(name, { requests, items, bytes })
        const ratios = [cost.requests / requests, items === 0 ? 1 : cost.items / items, cost.bytes / bytes]
        rows.push([name, whole(cost.requests), whole(cost.items), ...ratios.map((ratio) => ratio.toFixed(2))])
      }
      print(`\n${whole(size)} messages`)
      printTable(['search', 'requests', 'items', 'requests, to the first', 'items', 'bytes'], rows)
    }
    await watched.close()
    await dynamodb.stop()
  },
}

export default bench
