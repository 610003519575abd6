import { connect, type Socket } from 'node:net'

/**
 * Sends calls at a fixed rate, whether or not the ones before were answered: what many customers do together. A call takes
 * any connection that waits for no answer; where there is none it is not sent, and counted. Rate 0: each connection sends
 * as soon as it was answered.
 */
const { BENCH_PORT = '0', BENCH_CALL = '', BENCH_RATE = '0', BENCH_CONNECTIONS = '64', BENCH_SECONDS = '3' } = process.env
const rate = Number(BENCH_RATE)
const seconds = Number(BENCH_SECONDS)

let accepted = 0
let shed = 0
let other = 0
let unsent = 0
let open = true
const latencies: number[] = []
const free: Socket[] = []

function count(status: string, since: number): void {
  if (status === '202') {
    accepted += 1
    latencies.push(performance.now() - since)
  } else if (status === '503') shed += 1
  else other += 1
}

const since = new WeakMap<Socket, number>()

function send(socket: Socket): void {
  since.set(socket, performance.now())
  socket.write(BENCH_CALL)
}

function newConnection(): void {
  let text = ''
  const socket = connect(Number(BENCH_PORT), '127.0.0.1', () => (rate === 0 ? send(socket) : free.push(socket)))
  socket.setNoDelay(true)
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    const length = /content-length: (\d+)/i.exec(text)?.[1]
    if (end < 0 || length === undefined || text.length < end + 4 + Number(length)) return
    if (open) count(text.slice(9, 12), since.get(socket) ?? 0)
    text = ''
    if (rate === 0) send(socket)
    else free.push(socket)
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    const at = free.indexOf(socket)
    if (at >= 0) free.splice(at, 1)
    if (open) newConnection()
  })
}

for (let at = 0; at < Number(BENCH_CONNECTIONS); at++) newConnection()

const started = performance.now()
let due = 0
const timer = setInterval(() => {
  const elapsed = performance.now() - started
  for (const until = (elapsed * rate) / 1000; due < until; due++) {
    const socket = free.shift()
    if (socket === undefined) unsent += 1
    else send(socket)
  }
  if (elapsed < seconds * 1000) return
  clearInterval(timer)
  open = false
  latencies.sort((a, b) => a - b)
  const at = (part: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0
  process.send?.({ accepted, shed, other, unsent, seconds: elapsed / 1000, p50: at(0.5), p99: at(0.99), max: at(1) })
}, 2)
