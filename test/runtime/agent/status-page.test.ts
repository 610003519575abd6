import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { type AgentStatus, masked, serveStatus } from '../../../src/runtime/agent/index.ts'

const status: AgentStatus = {
  tables: [{ table: 'outbox', due: 3, claimed: 1, oldestMs: 4_000 }],
  journal: { delivered: 7 },
  openCalls: 0,
  unwritten: 0,
  waitingFor: 'outbox: <b>1 row</b> failed: 010-1234-5678 is not a number',
  lastSentAt: null,
}

interface Answer {
  readonly code: number | undefined
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** `fetch` does not let a program set the host. */
function get(port: number, path: string, { host = `127.0.0.1:${port}`, method = 'GET' } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { host } }, async (response) => {
      const body = (await response.toArray()).join('')
      resolve({ code: response.statusCode, body, headers: response.headers })
    })
    asked.on('error', reject).end()
  })
}

async function start(read: () => Promise<AgentStatus> = async () => status) {
  const page = await serveStatus('127.0.0.1:0', read)
  onTestFinished(() => page.close())
  return page
}

test('shows the status as JSON and as a page, with masked numbers and escaped texts', async () => {
  const { port } = await start()
  const json = await get(port, '/status.json')
  expect(JSON.parse(json.body)).toEqual({ ...status, waitingFor: 'outbox: <b>1 row</b> failed: ***-****-**78 is not a number' })
  const { body, code, headers } = await get(port, '/', { host: `localhost:${port}` })
  expect(code).toBe(200)
  expect(body).toContain('<td>outbox</td><td>3</td><td>1</td><td>4 s</td>')
  expect(body).toContain('&lt;b&gt;1 row&lt;/b&gt;')
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  expect(headers['access-control-allow-origin']).toBeUndefined()
})

test.each(['evil.example.com', 'evil.example.com:80', '127.0.0.1.evil.example.com'])(
  'refuses the host "%s", which a page of another site would send',
  async (host) => {
    const { port } = await start()
    const { code, body } = await get(port, '/status.json', { host })
    expect(code).toBe(421)
    expect(body).not.toContain('outbox')
  },
)

test('refuses other methods and other paths', async () => {
  const { port } = await start()
  expect((await get(port, '/', { method: 'POST' })).code).toBe(405)
  expect((await get(port, '/agent.yaml')).code).toBe(404)
})

test('reads the status once for many requests, and says why it cannot', async () => {
  let reads = 0
  const { port } = await start(() => {
    reads += 1
    return Promise.reject(new Error('the database is not available'))
  })
  const answers = await Promise.all(Array.from({ length: 8 }, () => get(port, '/')))
  expect(answers.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 503))
  expect(answers[0]?.body).toBe('the database is not available\n')
  expect(reads).toBe(1)
})

test('a port that is in use is an error with the next step', async () => {
  const { port } = await start()
  await expect(serveStatus(`127.0.0.1:${port}`, async () => status)).rejects.toMatchObject({ code: 'port-in-use' })
})

test('keeps short numbers, and masks long ones', () => {
  expect(masked('retry in 30 s: HTTP 503')).toBe('retry in 30 s: HTTP 503')
  expect(masked('to +821012345678')).toBe('to +**********78')
})
