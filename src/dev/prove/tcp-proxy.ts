import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that can disconnect or silence a server without stopping it. */
export interface TcpProxy {
  readonly port: number
  /** Connections that are open through it. */
  readonly connections: number
  /** Cuts every connection; new ones pass. */
  cut(): void
  /**
   * From now on nothing passes over the connections that are open, in either direction, and neither side hears of it: so
   * a connection looks whose other end has gone without a word. New ones pass.
   * @returns how many connections that are
   */
  stall(): number
  /** While held, nothing passes over any connection, old or new; what was sent arrives afterwards. */
  hold(held: boolean): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  stalled: boolean
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let held = false
  const apply = ({ client, server }: Pair): void => {
    for (const socket of [client, server]) held ? socket.pause() : socket.resume()
  }
  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(target, '127.0.0.1'), stalled: false }
    pairs.add(pair)
    const { server } = pair
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('data', (bytes) => void (pair.stalled || other.write(bytes)))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        // The end of one side is not passed on over a stalled connection either.
        if (pair.stalled && socket === server) return
        pairs.delete(pair)
        other.destroy()
      })
    }
    apply(pair)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy()
      server.destroy()
    }
  }
  return {
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return pairs.size
    },
    cut,
    stall: () => {
      const open = [...pairs].filter((pair) => !pair.stalled)
      for (const pair of open) pair.stalled = true
      return open.length
    },
    hold: (next) => {
      held = next
      for (const pair of pairs) apply(pair)
    },
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      cut()
      await closed
    },
  }
}
