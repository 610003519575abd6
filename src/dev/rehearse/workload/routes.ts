import * as z from 'zod'

/** Where a connection to a name and a port goes. */
const route = z.object({
  /** A host name, or `*.` and the end of one. */
  host: z.string(),
  port: z.int(),
  /** The port of the loopback address where it is answered; absent: the network does not let it through. */
  to: z.int().optional(),
  /** Why not. */
  reason: z.string().optional(),
})
export type Route = z.infer<typeof route>

/** What the process of a function or a container is told before its code is loaded. */
export const surroundings = z.object({
  routes: z.array(route),
  /** The file of the code, and the name of what it exports; a container exports nothing. */
  bundle: z.string(),
  handler: z.string().optional(),
  /** The ports that a container listens on, and where it really does. */
  ports: z.record(z.string(), z.int()),
})
export type Surroundings = z.infer<typeof surroundings>

/** The variable that carries them. It is gone before the code runs. */
export const surroundingsVariable = 'APIGW_REHEARSAL'

function matches({ host, port }: Route, name: string, number: number): boolean {
  return port === number && (host === name || (host.startsWith('*.') && name.endsWith(host.slice(1))))
}

/** The route of a connection; an exact name comes before a pattern. */
export function routeFor(routes: readonly Route[], host: string, port: number): Route | undefined {
  return routes.find((one) => one.host === host && one.port === port) ?? routes.find((one) => matches(one, host, port))
}
