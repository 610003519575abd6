import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that can make a server unreachable or silent without stopping it. */
export interface TcpProxy {
  readonly port: number
  /** Number of connections ever opened. */
  readonly connections: number
  /** `refuse` cuts every connection, old and new; `silent` accepts bytes and returns none. */
  set(state: 'pass' | 'refuse' | 'silent'): void
  /**
   * Forgets the open connections without notifying either side, as a firewall or a replaced server does. Data
   * sent over them afterwards is silently `dropped`, or gets a `reset`.
   */
  forget(how?: 'dropped' | 'reset'): void
  /** New connections go there, as after a fail-over behind a name. */
  pointTo(target: number): void
  /** From now on, open connections pass nothing on, as when the peer vanished without a FIN; new ones work. */
  stall(): void
  close(): Promise<void>
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let state: 'pass' | 'refuse' | 'silent' = 'pass'
  let to = target
  const sockets = new Set<Socket>()
  const forgotten = new WeakMap<Socket, 'dropped' | 'reset'>()
  const stalled = new WeakSet<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections += 1
    if (state === 'refuse') return void client.destroy()
    const upstream = connect(to, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => {
        if (forgotten.get(socket) === 'reset') socket.resetAndDestroy()
        else if (state !== 'silent' && !forgotten.has(socket) && !stalled.has(socket)) other.write(bytes)
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        if (!forgotten.has(socket)) other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    set: (next) => {
      state = next
      if (next === 'refuse') cutAll()
    },
    forget: (how = 'dropped') => {
      for (const socket of sockets) forgotten.set(socket, how)
    },
    pointTo: (next) => {
      to = next
    },
    stall: () => {
      for (const socket of sockets) stalled.add(socket)
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      cutAll()
      await closed
    },
  }
}
