import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startChild } from '../../../support/child.ts'
import { ask } from '../../../support/http.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { region, type Sqs, startSqs } from '../../../support/sqs.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** Memory of a process in bytes, as Linux counts it. */
function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Sends for as long as the server accepts data, up to a large bound. */
function pour(port: number, head: string, part: string, most: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head)
      pump()
    })
    const pump = (): void => {
      while (socket.writable && socket.bytesWritten < most && socket.write(part));
      if (socket.bytesWritten >= most) socket.destroy()
    }
    socket.on('drain', pump).on('data', () => undefined)
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

it('callers who send endless requests do not grow the memory of a gateway', async () => {
  const gateway = startChild('gateway', {
    APIGW_REGISTRY: `sqlite:${join(temporaryFolder(), 'registry.db')}`,
    APIGW_SQS_ENDPOINT: sqs.endpoint,
    APIGW_HOST: '127.0.0.1',
    APIGW_PORT: '0',
    AWS_REGION: region,
  })
  const { url } = await gateway.logged('listening')
  const port = Number(new URL(String(url)).port)
  const pid = gateway.process.pid ?? 0
  const most = 20_000_000
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  const start = 'POST /v1.0/messages HTTP/1.1\r\nHost: a\r\n'
  const round = () =>
    Promise.all(
      Array.from({ length: 10 }, () => [
        pour(port, `${start}Transfer-Encoding: chunked\r\n\r\n`, chunk, most),
        pour(port, `${start}Content-Length: ${most}\r\n\r\n`, chunk, most),
        pour(port, start, `X: ${'x'.repeat(8000)}\r\n`, most),
        pour(port, '', 'x'.repeat(8000), most),
      ]).flat(),
    )
  await round()
  const before = residentBytes(pid)
  for (let i = 0; i < 4; i++) await round()
  // A gateway that buffered its input would use more than ten times as much by now.
  expect(residentBytes(pid) - before).toBeLessThan(150_000_000)
  expect((await ask(`${url}/healthz`)).status).toBe(200)
})
