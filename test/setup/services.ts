import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { askRedis } from '../../src/dev/servers/cluster.ts'
import { mariadbServer } from '../../src/dev/servers/mariadb.ts'
import { postgresServer } from '../../src/dev/servers/postgres.ts'
import { findProgram, programs } from '../../src/dev/servers/programs.ts'
import { redisServer } from '../../src/dev/servers/redis.ts'
import { answers, freePort, type Server } from '../../src/dev/servers/victim.ts'
import { programPath } from '../support/programs.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `redis://127.0.0.1:PORT` of a Redis for the tests, empty at the start of the run. */
    redis: string
    /** The same for a Redis Cluster with one node, which refuses commands across slots. */
    redisCluster: string
    /** `mariadb://root@127.0.0.1:PORT/` without a database name. */
    mariadb: string
    /** `postgres://postgres@127.0.0.1:PORT/` without a database name. */
    postgres: string
  }
}

/** Services that are kept outlive the test run. */
const keepServices = process.env.APIGW_TEST_SERVICES === 'keep'

/** Installs missing services when that is allowed, and otherwise says what to install. */
function ensureInstalled(): void {
  const absent = Object.values(programs).filter((program) => findProgram(program) === undefined)
  const missing = [...new Set(absent.map((program) => program.package))]
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`The tests need ${missing.join(' and ')}. Install them: sudo ${command}`)
  }
  process.stderr.write(`Installing ${missing.join(' and ')} for the tests …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { stdio: 'ignore', env } as const
  execFileSync('apt-get', ['update'], options)
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], options)
}

/** The page's test needs a browser. Without one it is skipped, so a machine that cannot get one still runs the others. */
function ensureBrowser(): void {
  if (programPath('chromium') !== undefined || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  process.stderr.write('Installing chromium for the tests …\n')
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  const { status } = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options)
  if (status !== 0) process.stderr.write('Chromium could not be installed: the test of the page in a browser is skipped.\n')
}

async function started(server: Promise<Server>): Promise<Server> {
  const one = await server
  await one.start()
  return one
}

/** A cluster of one node, which has all slots. */
async function startCluster(folder: string): Promise<Server> {
  const args = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-announce-ip', '127.0.0.1']
  const busPort = await freePort()
  const redis = await started(redisServer(folder, { name: 'Redis Cluster', args: [...args, '--cluster-port', String(busPort)] }))
  await askRedis(redis.port, async (call) => {
    await call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
    while (!String(await call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(50)
  })
  return redis
}

async function startPostgres(folder: string): Promise<Server> {
  const server = await postgresServer(folder)
  // Members of this group need a password, as on RDS; everyone else is trusted.
  const access = join(folder, 'postgres', 'pg_hba.conf')
  writeFileSync(access, `host all +with_password 127.0.0.1/32 scram-sha-256\n${readFileSync(access, 'utf8')}`)
  await server.start()
  return server
}

interface Addresses {
  readonly redis: string
  readonly redisCluster: string
  readonly mariadb: string
  readonly postgres: string
}

/** Where kept services write their addresses. */
const keptFile = 'node_modules/.cache/apigw/services.json'

async function start(folder: string): Promise<{ addresses: Addresses; servers: Server[] }> {
  const [redis, cluster, mariadb, postgres] = await Promise.all([
    started(redisServer(join(folder, 'redis'))),
    startCluster(join(folder, 'cluster')),
    started(mariadbServer(folder)),
    startPostgres(folder),
  ])
  const addresses = {
    redis: `redis://127.0.0.1:${redis.port}`,
    redisCluster: `redis://127.0.0.1:${cluster.port}?cluster=true`,
    mariadb: `mariadb://root@127.0.0.1:${mariadb.port}/`,
    postgres: `postgres://postgres@127.0.0.1:${postgres.port}/`,
  }
  return { addresses, servers: [redis, cluster, mariadb, postgres] }
}

function provide(project: TestProject, addresses: Addresses): void {
  project.provide('redis', addresses.redis)
  project.provide('redisCluster', addresses.redisCluster)
  project.provide('mariadb', addresses.mariadb)
  project.provide('postgres', addresses.postgres)
}

/** The services of an earlier run, if all of them still answer. Their Redis is emptied. */
async function kept(): Promise<Addresses | undefined> {
  if (!existsSync(keptFile)) return undefined
  const { redis, redisCluster, mariadb, postgres } = JSON.parse(readFileSync(keptFile, 'utf8'))
  const ports = [redis, redisCluster, mariadb, postgres].map((address) => Number(new URL(String(address)).port))
  const alive = await Promise.all(ports.map(answers))
  if (alive.includes(false)) return undefined
  for (const port of ports.slice(0, 2)) execFileSync('redis-cli', ['-p', String(port), 'flushall'], { stdio: 'ignore' })
  return { redis, redisCluster, mariadb, postgres }
}

/**
 * Starts the real services on private ports before the first test, and stops them after the last.
 * With `APIGW_TEST_SERVICES=keep` they keep running, and the next run reuses them.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureInstalled()
  ensureBrowser()
  const running = keepServices ? await kept() : undefined
  if (running !== undefined) {
    provide(project, running)
    return async () => undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'apigw-test-'))
  const { addresses, servers } = await start(folder)
  provide(project, addresses)
  if (keepServices) {
    mkdirSync(dirname(keptFile), { recursive: true })
    writeFileSync(keptFile, JSON.stringify(addresses))
    for (const server of servers) server.letGo()
    return async () => undefined
  }
  return async () => {
    await Promise.all(servers.map((server) => server.kill()))
    rmSync(folder, { recursive: true, force: true })
  }
}
