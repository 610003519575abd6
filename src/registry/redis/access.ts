import { BlockList, isIP } from 'node:net'
import { Cluster } from 'ioredis'
import type { HealthAspect } from '../registry.ts'
import { redisAddress } from './address.ts'
import type { Connection } from './connect.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const version = isIP(host)
  return version === 0 ? host === 'localhost' : loopback.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

/** How a registry is reached. */
interface Access {
  readonly host: string
  readonly hasPassword: boolean
  readonly hasTls: boolean
}

/**
 * What is weak about the way to Redis. Beyond this machine anybody who reaches the port may read every customer and every
 * count, and write them; without TLS so may anybody on the way.
 */
export function accessAspects({ host, hasPassword, hasTls }: Access): HealthAspect[] {
  const about = 'access'
  if (isLoopback(host)) return [{ about, what: 'on this machine only' }]
  const open: HealthAspect[] = []
  if (!hasPassword) {
    open.push({
      about,
      what: `${host} takes commands without a password: who reaches it can change quotas and keys`,
      fix: 'set requirepass or an ACL user in Redis, and APIGW_REGISTRY_PASSWORD here',
    })
  }
  if (!hasTls) {
    open.push({
      about,
      what: `the connection to ${host} is not encrypted`,
      fix: 'turn TLS on in Redis, and use the address rediss://…',
    })
  }
  return open.length > 0 ? open : [{ about, what: 'password and TLS' }]
}

/** The same of an open connection. */
export function accessOf(redis: Connection, address: string): Access {
  const { password, tls } = (redis instanceof Cluster ? redis.options.redisOptions : redis.options) ?? {}
  const hosts = redisAddress(address)?.nodes.map((node) => node.host) ?? []
  const host = hosts.find((one) => !isLoopback(one)) ?? hosts[0] ?? address
  return { host, hasPassword: Boolean(password), hasTls: tls !== undefined }
}
