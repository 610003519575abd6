import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askRedis, freePorts, redisServer, type Victim } from '../../servers/index.ts'
import type { Authority } from '../aws/authority.ts'
import { type Secrets, withSecrets } from '../aws/secrets.ts'
import type { Resource } from '../template/resource.ts'

/** A server that a name of AWS leads to. */
export interface NamedServer {
  /** The resource, by its physical id. */
  readonly id: string
  readonly names: readonly string[]
  /** As the name is called with. */
  readonly port: number
  /** Where it listens on this machine. */
  readonly to: number
  /** Where RDS itself reaches it; absent: there too. */
  readonly inside?: number
  stop(): Promise<void>
}

const slots = 16_384

/**
 * The registry of a stage: a real Redis in cluster mode, with TLS and the password of the template. It has one shard and no
 * replica, whatever the template asks for.
 */
export async function startRegistry(
  resource: Resource,
  parts: { readonly folder: string; readonly authority: Authority; readonly secrets: Secrets },
): Promise<NamedServer> {
  const [plain = 0, tls = 0, bus = 0] = await freePorts(3)
  const configuration = String(resource.attribute('ConfigurationEndPoint.Address'))
  const node = configuration.replace(/^clustercfg\./, `${resource.physicalId}-0001-001.`)
  const certificate = await parts.authority.issue([configuration, node])
  const args = [
    ...['--tls-port', String(tls), '--tls-auth-clients', 'no', '--tls-ca-cert-file', parts.authority.certFile],
    ...['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile],
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', String(bus)],
    ...['--cluster-announce-hostname', node, '--cluster-preferred-endpoint-type', 'hostname'],
    ...['--tls-cluster', 'yes', '--cluster-announce-tls-port', '6379', '--maxmemory-policy', 'noeviction'],
  ]
  const server: Victim = await redisServer(join(parts.folder, 'registry'), { name: 'Registry', port: plain, args })
  await server.start()
  await askRedis(plain, async (call) => {
    await call('CLUSTER', 'ADDSLOTSRANGE', 0, slots - 1)
    // A node that has just got its slots waits a moment before it serves them.
    while (!String(await call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(50)
    await call('CONFIG', 'SET', 'requirepass', withSecrets(String(resource.properties.AuthToken), parts.secrets))
  })
  return { id: resource.physicalId, names: [configuration, node], port: 6379, to: tls, stop: () => server.kill() }
}
