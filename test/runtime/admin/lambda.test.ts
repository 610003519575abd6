import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../../scripts/bundle.ts'
import { openRegistry } from '../../../src/registry/index.ts'
import type { AdminHandler } from '../../../src/runtime/admin/index.ts'
import { entryOf, profileOf } from '../../registry/fixtures.ts'
import { OwnRedis } from '../../registry/own-redis.ts'
import { account, region, urlEvent, user } from '../../registry/remote/lambda-server.ts'

let folder: string
const before = process.env
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'apigw-admin-bundle-'))
  await bundle(folder, ['admin'])
})
afterAll(() => {
  process.env = before
  rmSync(folder, { recursive: true, force: true })
})

/** Secrets Manager with one secret, which can change. */
async function secrets(secret: { text: string }): Promise<{ url: string; reads: () => number }> {
  let reads = 0
  const server = createServer((_, response) => {
    reads++
    response.end(JSON.stringify({ SecretString: secret.text }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, reads: () => reads }
}

test('the bundle on Lambda reads the password from its secret, and again after it has changed', async () => {
  const redis = await OwnRedis.onFreePort('--requirepass', 'first')
  onTestFinished(() => redis.remove())
  await redis.start()
  const direct = await openRegistry(redis.address, { password: 'first' })
  await direct.save(profileOf('acme'), undefined, entryOf('acme', 'added'))
  await direct.close()
  const secret = { text: 'first' }
  const manager = await secrets(secret)
  process.env = {
    ...before,
    APIGW_REGISTRY: redis.address,
    APIGW_REGISTRY_PASSWORD_SECRET: 'apigw-prod-registry-password',
    APIGW_SECRETS_ENDPOINT: manager.url,
  }
  const { handler }: { handler: AdminHandler } = await import(pathToFileURL(join(folder, 'admin.mjs')).href)
  const ask = async () => {
    const awsRequestId = randomUUID()
    const event = urlEvent(JSON.stringify({ apigw: 2, method: 'customers', params: {} }), awsRequestId, user('operator'))
    const invokedFunctionArn = `arn:aws:lambda:${region}:${account}:function:apigw-prod-admin`
    return JSON.parse((await handler(event, { awsRequestId, invokedFunctionArn })).body)
  }
  expect((await ask()).result).toMatchObject([{ id: 'acme' }])
  expect((await ask()).result).toHaveLength(1)
  expect(manager.reads()).toBe(1)

  redis.cli('-a', 'first', 'config', 'set', 'requirepass', 'second')
  secret.text = 'second'
  const { problem } = await ask()
  expect(problem).toMatchObject({ code: 'registry-unavailable' })
  expect(JSON.stringify(problem)).not.toMatch(/first|second/)
  expect((await ask()).result).toHaveLength(1)
  expect(manager.reads()).toBe(2)
})
