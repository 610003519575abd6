import { Server, Socket } from 'node:net'
import { type Route, routeFor } from './routes.ts'

/** What was asked for and is not there: a name that no template knows, or one that the network does not let through. */
export type OnBlocked = (host: string, port: number, reason: string) => void

interface Destination {
  readonly host: string
  readonly port: number
}

/** The destination of a call of `connect`, in any of its forms; undefined for a local socket or the loopback address. */
function destinationOf(first: unknown): Destination | undefined {
  const options: unknown = Array.isArray(first) ? first[0] : first
  if (typeof options !== 'object' || options === null || !('port' in options)) return undefined
  const host = 'host' in options && typeof options.host === 'string' ? options.host : 'localhost'
  return host === 'localhost' || host === '127.0.0.1' ? undefined : { host, port: Number(options.port) }
}

function refused({ host, port }: Destination, reason: string): Error {
  return Object.assign(new Error(`connect ETIMEDOUT ${host}:${port} (${reason})`), { code: 'ETIMEDOUT', errno: -110 })
}

/** The arguments of a call of `connect` with another destination. The object of the caller stays as it is: TLS checks its name. */
function elsewhere(args: readonly unknown[], to: number): unknown[] {
  const [first, ...rest] = args
  const options: unknown = Array.isArray(first) ? first[0] : first
  const changed = { ...(typeof options === 'object' ? options : {}), host: '127.0.0.1', port: to, lookup: undefined }
  // `net.connect` passes its normalized arguments on as one list.
  return Array.isArray(first) ? [changed, ...first.slice(1), ...rest] : [changed, ...rest]
}

/**
 * Sends each connection of this process where its route says. It stands for DNS and the network of AWS, so the addresses in
 * the environment of a function can be exactly those of the template.
 */
export function reroute(routes: readonly Route[], onBlocked: OnBlocked): void {
  const connect: (this: Socket, ...args: never[]) => Socket = Socket.prototype.connect
  Object.defineProperty(Socket.prototype, 'connect', {
    configurable: true,
    writable: true,
    value: function rerouted(this: Socket, ...args: unknown[]): Socket {
      const destination = destinationOf(args[0])
      if (destination === undefined) return Reflect.apply(connect, this, args)
      const route = routeFor(routes, destination.host, destination.port)
      if (route?.to !== undefined) return Reflect.apply(connect, this, elsewhere(args, route.to))
      const reason = route?.reason ?? 'no such name'
      onBlocked(destination.host, destination.port, reason)
      process.nextTick(() => this.destroy(refused(destination, reason)))
      return this
    },
  })
}

/** Lets a server listen on another port than it asks for. */
export function relisten(ports: Readonly<Record<string, number>>): void {
  const listen: (this: Server, ...args: never[]) => Server = Server.prototype.listen
  Object.defineProperty(Server.prototype, 'listen', {
    configurable: true,
    writable: true,
    value: function moved(this: Server, ...args: unknown[]): Server {
      const [first, ...rest] = args
      const asked = typeof first === 'object' && first !== null && 'port' in first ? first.port : first
      const to = ports[String(asked)]
      if (to === undefined) return Reflect.apply(listen, this, args)
      const more = rest.filter((one) => typeof one === 'function')
      return Reflect.apply(listen, this, [{ port: to, host: '127.0.0.1' }, ...more])
    },
  })
}
