import * as z from 'zod'
import { pause } from './patience.ts'

const pageShape = z.object({
  reports: z.array(z.object({ id: z.string(), status: z.string() })),
  cursor: z.string().optional(),
  more: z.boolean().optional(),
})

const answerMs = 10_000
const everyMs = 400
const limit = 500

/** A customer's software that reads its reports page by page, whatever happens to the gateways. */
export class Reader {
  /** What was reported of each message: each word once. */
  readonly statuses = new Map<string, Set<string>>()
  readonly #gateways: readonly string[]
  readonly #authorization: () => string
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #cursor: string | undefined
  #next = 0

  constructor(gateways: readonly string[], authorization: () => string) {
    this.#gateways = gateways
    this.#authorization = authorization
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const more = await this.#page().catch(() => false)
      if (!more) await pause(everyMs, signal)
    }
  }

  /** @returns whether there is more to read now */
  async #page(): Promise<boolean> {
    const query = new URLSearchParams({ limit: String(limit), ...(this.#cursor !== undefined && { cursor: this.#cursor }) })
    const response = await fetch(`${this.#gateways[this.#next++ % this.#gateways.length]}/v1.0/reports?${query}`, {
      headers: { authorization: this.#authorization() },
      signal: AbortSignal.timeout(answerMs),
    })
    if (response.status !== 200) return false
    const page = pageShape.parse(await response.json())
    for (const { id, status } of page.reports) {
      const said = this.statuses.get(id) ?? new Set()
      this.statuses.set(id, said.add(status))
    }
    this.#cursor = page.cursor
    return page.more === true
  }
}
