import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { rotateKey } from '../../src/operations/customers/index.ts'
import { ask } from '../support/http.ts'
import { temporaryFolder } from '../support/names.ts'
import { type Sqs, startSqs } from '../support/sqs.ts'
import { type Gateways, signerFor, startGateways, tokenFor } from './gateways.ts'
import { basicHeader, messageBody } from './world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

async function redisDump(address: string): Promise<string> {
  const redis = new Redis(address)
  onTestFinished(() => redis.disconnect())
  const values: unknown[] = []
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key)
    const value =
      type === 'hash'
        ? redis.hgetall(key)
        : type === 'stream'
          ? redis.xrange(key, '-', '+')
          : type === 'zset'
            ? redis.zrange(key, 0, -1)
            : redis.get(key)
    values.push(key, await value)
  }
  return JSON.stringify(values)
}

/** Everything that a customer does with keys, valid and invalid. */
async function live(gateways: Gateways): Promise<string[]> {
  const { urls, keys, context, customer } = gateways
  const secrets: string[] = []
  for (const url of urls) {
    for (const [scheme, key] of keys) {
      const sign = await signerFor(url, scheme, key)
      expect((await ask(`${url}/v1.0/messages`, { method: 'POST', headers: sign(), body: messageBody })).status).toBe(202)
      const wrong = { ...sign(), authorization: basicHeader(`${customer}:${key.secret}x:${key.credential.keyId}`) }
      await ask(`${url}/v1.0/messages`, { method: 'POST', headers: wrong, body: messageBody })
      await ask(`${url}/test/v1.0/messages?secret=${key.secret}`, { method: 'POST', headers: sign(), body: messageBody })
      await ask(`${url}/v1.0/messages`, { method: 'POST', headers: sign(), body: JSON.stringify({ to: key.secret }) })
      secrets.push(key.secret, basicHeader(key.basic).slice(6))
      if (scheme === 'jwt') secrets.push(await tokenFor(url, key))
    }
  }
  for (const key of keys.values()) secrets.push((await rotateKey(context, customer, key.credential.keyId, 60_000)).issued.secret)
  return secrets
}

describe('no secret is stored or logged', () => {
  it.each(['SQLite', 'Redis'])('in %s, or in the logs of two gateways', async (engine) => {
    const folder = temporaryFolder()
    const redis = `${inject('redis')}/10`
    const gateways = await startGateways(engine === 'Redis' ? redis : `sqlite:${join(folder, 'registry.db')}`, sqs.endpoint)
    const secrets = await live(gateways)
    const stored =
      engine === 'Redis'
        ? await redisDump(redis)
        : readdirSync(folder)
            .map((file) => readFileSync(join(folder, file), 'latin1'))
            .join('')
    const logged = gateways.children.map((child) => JSON.stringify(child.lines) + child.stderr()).join('')
    // The dump and the log contain what they should.
    expect(stored).toContain(gateways.customer)
    expect(logged).toContain('listening')
    for (const secret of [...secrets, gateways.masterKey, Buffer.from(gateways.masterKey, 'base64').toString('hex')]) {
      expect(secret.length).toBeGreaterThan(40)
      expect(stored.includes(secret), 'a secret is stored').toBe(false)
      expect(logged.includes(secret), 'a secret is logged').toBe(false)
    }
  })
})
