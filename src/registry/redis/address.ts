/** One server by name. */
export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** What the address of a Redis says. */
export interface RedisAddress {
  /** Any of them leads to the whole cluster. Without `cluster` there is one. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]]
  readonly tls: boolean
  readonly cluster: boolean
  readonly username: string
  readonly password: string
  readonly database: number
}

const defaultPort = 6379
const pattern = /^(rediss?):\/\/(?:([^/?#]*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?([^#]*))?$/

function nodeFrom(text: string): RedisNode | undefined {
  const { groups } = /^(?:\[(?<six>[\da-fA-F:.]+)\]|(?<name>[^\s[\]:,]+))(?::(?<port>\d{1,5}))?$/.exec(text) ?? {}
  const host = groups?.six ?? groups?.name
  const port = groups?.port === undefined ? defaultPort : Number(groups.port)
  return host === undefined || port === 0 || port > 65_535 ? undefined : { host, port }
}

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/DATABASE][?cluster=true]`, or `rediss://…` for TLS: the form
 * that connection strings of other servers have for several nodes. Only a cluster has several.
 * @returns `undefined` where it is not such an address
 */
export function redisAddress(address: string): RedisAddress | undefined {
  const match = pattern.exec(address)
  if (match === null) return undefined
  const [, scheme, access = '', hosts = '', database = '', query = ''] = match
  const [first, ...others] = hosts.split(',').map(nodeFrom)
  const rest = others.filter((node) => node !== undefined)
  const cluster = new URLSearchParams(query).get('cluster') === 'true'
  if (first === undefined || rest.length < others.length || (rest.length > 0 && !cluster)) return undefined
  const colon = access.indexOf(':')
  try {
    const username = decodeURIComponent(colon < 0 ? access : access.slice(0, colon))
    const password = decodeURIComponent(colon < 0 ? '' : access.slice(colon + 1))
    return { nodes: [first, ...rest], tls: scheme === 'rediss', cluster, username, password, database: Number(database) }
  } catch {
    // A percent sign that encodes nothing.
    return undefined
  }
}
