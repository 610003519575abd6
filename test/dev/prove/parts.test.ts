import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Chance } from '../../../src/dev/prove/chance.ts'
import { noonZone } from '../../../src/dev/prove/customers.ts'
import { faults } from '../../../src/dev/prove/faults/index.ts'
import { insist } from '../../../src/dev/prove/patience.ts'
import { Spoiler } from '../../../src/dev/prove/spoiler.ts'
import { startTcpProxy } from '../../../src/dev/prove/tcp-proxy.ts'
import { programPath } from '../../../src/dev/servers/programs.ts'
import { Victim } from '../../../src/dev/servers/victim.ts'
import { envelope } from '../../../src/domain/message.ts'
import { temporaryFolder } from '../../support/names.ts'
import { until } from '../../support/until.ts'

test('the same seed gives the same order, and a different seed a different one', () => {
  const names = faults.map(({ name }) => name)
  const order = (seed: number): string[] => new Chance(seed).shuffled(names)
  expect(order(7)).toEqual(order(7))
  expect(order(7)).not.toEqual(order(8))
  expect(order(7).sort()).toEqual([...names].sort())
})

test('faults have unique names that a flag can take, and state their condition', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
  for (const { name, title, holds } of faults) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(title, name).toMatch(/\S/)
    expect(holds, name).toMatch(/\S/)
  }
})

test('docs/operate.md lists every fault, what it does and its condition', () => {
  const page = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => faults.some(({ name }) => line.startsWith(`| \`${name}\` |`)))
  expect(rows).toEqual(faults.map(({ name, title, holds }) => `| \`${name}\` | ${title} | ${holds} |`))
})

test('it is always about noon for the customers, so no day ends during a proof', () => {
  for (let hour = 0; hour < 24; hour++) {
    const now = Date.UTC(2026, 10, 26, hour, 30)
    const shown = new Intl.DateTimeFormat('en-GB', { timeZone: noonZone(now), hour: '2-digit', hourCycle: 'h23' }).format(now)
    expect(shown, String(hour)).toBe('12')
  }
})

test('a missing program is named with its Debian package', () => {
  expect(() => programPath({ name: 'no-such-server', package: 'no-such-package' }, '--database sqlite')).toThrow(
    expect.objectContaining({
      code: 'check-failed',
      message: 'This machine does not have the program no-such-server (Debian package no-such-package).',
      next: 'sudo apt-get install -y --no-install-recommends no-such-package, or --database sqlite',
    }),
  )
})

test('a step that fails during a fault is repeated until it succeeds', async () => {
  let tries = 0
  const done = await insist('do it', new AbortController().signal, async () => {
    tries += 1
    if (tries < 3) throw new Error("Stream isn't writeable and enableOfflineQueue options is false")
    return 'done'
  })
  expect([done, tries]).toEqual(['done', 3])
})

test('repeats end when the proof is interrupted', async () => {
  const stopping = new AbortController()
  const trying = insist('do it', stopping.signal, async () => {
    stopping.abort()
    throw new Error('no')
  })
  await expect(trying).rejects.toMatchObject({ code: 'interrupted' })
})

/** A server that answers every byte with the same byte. */
async function echo(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function client(port: number): Promise<{ socket: Socket; said: () => string }> {
  let said = ''
  const socket = connect(port, '127.0.0.1')
  socket
    .on('error', () => undefined)
    .on('data', (bytes) => {
      said += String(bytes)
    })
  await new Promise((resolve) => socket.once('connect', resolve))
  onTestFinished(() => void socket.destroy())
  return { socket, said: () => said }
}

test('a stalled connection is silent and stays open, and a new one passes', async () => {
  const proxy = await startTcpProxy(await echo())
  onTestFinished(() => proxy.close())
  const old = await client(proxy.port)
  old.socket.write('a')
  await until(() => old.said() === 'a')
  expect(proxy.stall()).toBe(1)
  old.socket.write('b')
  const fresh = await client(proxy.port)
  fresh.socket.write('c')
  await until(() => fresh.said() === 'c')
  expect([old.said(), old.socket.destroyed]).toEqual(['a', false])
})

test('data that is sent while the proxy holds arrives when it is released', async () => {
  const proxy = await startTcpProxy(await echo())
  onTestFinished(() => proxy.close())
  proxy.hold(true)
  const held = await client(proxy.port)
  held.socket.write('later')
  await until(() => proxy.connections === 1)
  expect(held.said()).toBe('')
  proxy.hold(false)
  await until(() => held.said() === 'later')
})

test('one bad message makes an envelope unreadable, and the good ones are unchanged', () => {
  const spoiler = new Spoiler('carrier-a')
  const id = (last: string): string => `0123456789ABCDEFGHJKMNPQR${last}`
  const messages = ['S', 'T'].map((last) => ({
    id: id(last),
    to: '+821012345678',
    from: '+8215881234',
    type: 'sms' as const,
    text: 'hello',
    acceptedAt: 1,
  }))
  const body = JSON.stringify({ v: 1, customer: 'keyed', environment: 'live', route: 'carrier-a', messages })
  const request = Buffer.from(
    JSON.stringify({ QueueUrl: 'http://localhost/000000000000/carrier-a', Entries: [{ Id: '0', MessageBody: body }] }),
  )
  expect(spoiler.pass('SendMessageBatch', request)).toBe(request)
  spoiler.spoil(1)
  const elsewhere = Buffer.from(JSON.stringify({ QueueUrl: 'http://localhost/000000000000/carrier-a-dlq', Entries: [] }))
  expect(spoiler.pass('SendMessageBatch', elsewhere)).toBe(elsewhere)
  const passed = JSON.parse(spoiler.pass('SendMessageBatch', request).toString()).Entries[0].MessageBody
  expect(envelope.safeParse(JSON.parse(passed)).success).toBe(false)
  const [first, bad, second, ...more] = JSON.parse(passed).messages
  expect([first, second, more]).toEqual([...messages, []])
  expect(spoiler.planted).toEqual([{ id: bad.id, customer: 'keyed' }])
  expect(spoiler.left).toBe(0)
})

const logs = (event: string, then: string): [string, ...string[]] => [
  process.execPath,
  '-e',
  `process.stdout.write(JSON.stringify({ event: '${event}' }) + '\\n', () => { ${then} })`,
]

test('a supervised process that exits is logged with its last line, and restarted', async () => {
  const victim = new Victim({
    name: 'it',
    command: logs('running', 'process.exit(7)'),
    folder: temporaryFolder(),
    supervised: 'running',
  })
  onTestFinished(() => victim.kill())
  await victim.start()
  await until(() => victim.crashes.length > 1)
  expect(victim.crashes[0]).toEqual({ name: 'it', exit: 'exit code 7', lastLine: '{"event":"running"}' })
})

test('a process that is killed on purpose is not logged, and not restarted', async () => {
  const command = logs('running', 'setInterval(() => {}, 1000)')
  const victim = new Victim({ name: 'it', command, folder: temporaryFolder(), supervised: 'running' })
  await victim.start()
  const { pid } = victim
  await victim.kill()
  expect([victim.pid, victim.crashes]).toEqual([undefined, []])
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
})

test('a process that gets only a signal is restarted without a log entry', async () => {
  const command = logs('running', 'setInterval(() => {}, 1000)')
  const folder = temporaryFolder()
  const victim = new Victim({ name: 'it', command, folder, supervised: 'running' })
  onTestFinished(() => victim.kill())
  await victim.start()
  const { pid } = victim
  const log = join(folder, 'logs', 'it.log')
  await until(() => readFileSync(log, 'utf8').includes('running'))
  victim.signal('SIGKILL')
  await until(() => victim.pid !== undefined && victim.pid !== pid)
  expect(victim.crashes).toEqual([])
})

test('a process that exits before it is ready is restarted without a log entry', async () => {
  const folder = temporaryFolder()
  const starts = `require('node:fs').mkdtempSync('${folder}/start-'); process.exit(1)`
  const victim = new Victim({ name: 'it', command: [process.execPath, '-e', starts], folder, supervised: 'running' })
  onTestFinished(() => victim.kill())
  await victim.start()
  await until(() => readdirSync(folder).filter((name) => name.startsWith('start-')).length > 1)
  expect(victim.crashes).toEqual([])
})
