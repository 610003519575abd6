import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `redis://127.0.0.1:PORT` of a Redis of our own, empty at the start of the run. */
    redis: string
    /** The same of a Redis Cluster with one node, which refuses what crosses slots. */
    redisCluster: string
    /** `mariadb://root@127.0.0.1:PORT/` without a database's name. */
    mariadb: string
    /** `postgres://postgres@127.0.0.1:PORT/` without a database's name. */
    postgres: string
  }
}

const startMs = 60_000
/** Services that are kept outlive the test run, so a Ctrl-C on it must not reach them. */
const keepServices = process.env.APIGW_TEST_SERVICES === 'keep'

/** Debian's package and the program in it that proves it is there. */
const needed = [
  { package: 'redis-server', program: 'redis-server' },
  { package: 'mariadb-server', program: 'mariadbd' },
  { package: 'postgresql', program: 'initdb' },
] as const

/** Debian keeps the programs of each version of PostgreSQL in a folder of their own. */
function postgresFolder(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .sort((a, b) => b - a)
    : []
  return join(root, String(versions[0] ?? ''), 'bin')
}

function installed(program: string): boolean {
  const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', postgresFolder()]
  return folders.some((folder) => existsSync(join(folder, program)))
}

/** Installs what is missing where that is allowed, and says what to install where it is not. */
function ensureInstalled(): void {
  const missing = needed.filter(({ program }) => !installed(program)).map((entry) => entry.package)
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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.once('connect', () => socket.end())
  })
}

async function waitFor(port: number, what: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + startMs
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${what} ended with ${child.exitCode} before it answered`)
    if (Date.now() > until) throw new Error(`${what} did not answer on port ${port}`)
    await sleep(50)
  }
}

async function startRedis(folder: string, ...more: string[]): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...more]
  const child = spawn('redis-server', args, { stdio: 'ignore', detached: keepServices })
  await waitFor(port, 'redis-server', child)
  return { port, child }
}

async function startCluster(folder: string): Promise<{ port: number; child: ChildProcess }> {
  const redis = await startRedis(
    folder,
    '--cluster-enabled',
    'yes',
    '--cluster-config-file',
    join(folder, 'nodes.conf'),
    '--cluster-announce-ip',
    '127.0.0.1',
  )
  const cli = (...args: string[]): string => execFileSync('redis-cli', ['-p', String(redis.port), ...args]).toString()
  cli('cluster', 'addslots', ...Array.from({ length: 16_384 }, (_, slot) => String(slot)))
  while (!cli('cluster', 'info').includes('cluster_state:ok')) await sleep(50)
  return redis
}

async function startMariadb(folder: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort()
  const root = process.getuid?.() === 0
  const user = root ? ['--user=mysql'] : []
  const data = join(folder, 'mariadb')
  if (root) chmodSync(folder, 0o777)
  const quiet = { stdio: 'ignore', detached: keepServices } as const
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user],
    quiet,
  )
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'm.sock')}`,
  ]
  const child = spawn(
    'mariadbd',
    [...args, `--pid-file=${join(folder, 'm.pid')}`, '--innodb-buffer-pool-size=64M', ...user],
    quiet,
  )
  await waitFor(port, 'mariadbd', child)
  return { port, child }
}

async function startPostgres(folder: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort()
  const data = join(folder, 'postgres')
  mkdirSync(data, { mode: 0o700 })
  // PostgreSQL refuses to run as root; Debian's package has made a user for it.
  const root = process.getuid?.() === 0
  const as = (program: string, ...args: string[]): [string, string[]] => {
    const path = join(postgresFolder(), program)
    return root ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', path, ...args]] : [path, args]
  }
  if (root) execFileSync('chown', ['postgres', data])
  execFileSync(...as('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'), {
    stdio: 'ignore',
    cwd: '/',
  })
  // Who is in this group has to know a password, as on RDS; everybody else is trusted.
  const access = join(data, 'pg_hba.conf')
  writeFileSync(access, `host all +with_password 127.0.0.1/32 scram-sha-256\n${readFileSync(access, 'utf8')}`)
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=200']
  const child = spawn(...as('postgres', ...options), { stdio: 'ignore', cwd: '/', detached: keepServices })
  await waitFor(port, 'postgres', child)
  return { port, child }
}

interface Addresses {
  readonly redis: string
  readonly redisCluster: string
  readonly mariadb: string
  readonly postgres: string
}

/** Where kept services write their addresses. */
const keptFile = 'node_modules/.cache/apigw/services.json'

async function start(folder: string, clusterFolder: string): Promise<{ addresses: Addresses; children: ChildProcess[] }> {
  const [redis, cluster, mariadb, postgres] = await Promise.all([
    startRedis(folder),
    startCluster(clusterFolder),
    startMariadb(folder),
    startPostgres(folder),
  ])
  const addresses = {
    redis: `redis://127.0.0.1:${redis.port}`,
    redisCluster: `redis://127.0.0.1:${cluster.port}?cluster=true`,
    mariadb: `mariadb://root@127.0.0.1:${mariadb.port}/`,
    postgres: `postgres://postgres@127.0.0.1:${postgres.port}/`,
  }
  return { addresses, children: [redis.child, cluster.child, mariadb.child, postgres.child] }
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
 * With `APIGW_TEST_SERVICES=keep` they go on running, and the next run uses them again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureInstalled()
  const running = keepServices ? await kept() : undefined
  if (running !== undefined) {
    provide(project, running)
    return async () => undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'apigw-test-'))
  const clusterFolder = mkdtempSync(join(tmpdir(), 'apigw-test-cluster-'))
  const { addresses, children } = await start(folder, clusterFolder)
  provide(project, addresses)
  if (keepServices) {
    mkdirSync(dirname(keptFile), { recursive: true })
    writeFileSync(keptFile, JSON.stringify(addresses))
    for (const child of children) child.unref()
    return async () => undefined
  }
  return async () => {
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve).kill('SIGKILL'))))
    for (const path of [folder, clusterFolder]) rmSync(path, { recursive: true, force: true })
  }
}
