import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { project } from '../operations/stacks/installation.ts'
import { awsServer } from '../support/aws-server.ts'
import { run, shownError } from './run.ts'

const page = '<!doctype html><html><head><title>Blocked</title></head><body>Ask your administrator<br></body></html>'

test.each([403, 500])(
  'a proxy error page (%i) is not mistaken for an answer from AWS, and gets a readable error',
  async (status) => {
    const server = createServer((_, response) => response.writeHead(status, { 'content-type': 'text/html' }).end(page))
    const { env } = await awsServer({})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const failed = await run(['status'], { cwd: project(), env: { ...env, AWS_ENDPOINT_URL: url, AWS_MAX_ATTEMPTS: '1' } })
    expect(failed.code).toBe(1)
    const { message, next } = shownError(failed)
    expect(message).toBe(`What answered cloudformation:DescribeStacks was not AWS (HTTP ${status}, and no answer of its own).`)
    expect(next).toMatch(/proxy/)
  },
)

test('doctor detects a proxy error page in its budget check too, which uses no SDK', async () => {
  const identity = '<Arn>arn:aws:iam::123456789012:user/kim</Arn><UserId>AIDA</UserId><Account>123456789012</Account>'
  const { env } = await awsServer({ GetCallerIdentity: identity }, () => ({ status: 502, body: page, type: 'text/html' }))
  const { stdout } = await run(['doctor', '--json'], { cwd: project(), env: { ...env, AWS_MAX_ATTEMPTS: '1' } })
  const { checks }: { checks: { name: string; detail: string }[] } = JSON.parse(stdout)
  expect(checks.find(({ name }) => name === 'budget')?.detail).toBe(
    'What answered budgets:ViewBudget was not AWS (HTTP 502, and no answer of its own).',
  )
})
