import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { within } from './deadline.ts'
import { unavailable } from './engine.ts'
import { connectionOf, shownAddress } from './postgres.ts'

/** Longest that LISTEN or a ping may take. */
const answerMs = 5_000
/** How often the connection is asked whether it is still there. */
const pingEveryMs = 30_000

export interface ListenRequest {
  /** `postgres://USER@HOST/DATABASE` */
  readonly url: string
  readonly password?: string | undefined
  readonly channel: string
  /** Called for each notification. */
  readonly onNotification: () => void
}

/**
 * Listens to a channel of PostgreSQL on a connection of its own until `signal` is aborted. A connection that carries no data may be
 * dead without a word, so it is asked every half minute.
 * @param onReady called when the server listens
 * @throws Problem `database-unavailable`: the connection could not be made, or was lost
 */
export async function listenTo(
  { url: address, password, channel, onNotification }: ListenRequest,
  onReady: () => void,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(address)
  const client = new pg.Client(connectionOf(url, password))
  const over = new AbortController()
  let lost: Error | undefined
  const lose = (error: Error): void => {
    lost ??= error
    over.abort()
  }
  const stop = (): void => over.abort()
  // Without a listener the event would end the process.
  client.on('error', lose)
  client.on('end', () => lose(new Error('the server closed the connection')))
  client.on('notification', onNotification)
  signal.addEventListener('abort', stop)
  const ask = (sql: string) => within(client.query(sql), answerMs, () => undefined)
  try {
    await client.connect()
    await ask(`LISTEN "${channel}"`)
    onReady()
    while (!signal.aborted) {
      await sleep(pingEveryMs, undefined, { signal: over.signal }).catch(() => undefined)
      if (signal.aborted) return
      if (lost !== undefined) throw lost
      await ask('SELECT 1')
    }
  } catch (error) {
    throw unavailable(shownAddress(url), error)
  } finally {
    signal.removeEventListener('abort', stop)
    // Not `end`: a goodbye to a peer that is gone would wait for minutes. The server ends the LISTEN with the connection.
    client.connection.stream.destroy()
  }
}
