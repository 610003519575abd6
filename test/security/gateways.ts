import { onTestFinished } from 'vitest'
import type { Scheme } from '../../src/domain/credential.ts'
import { signedHeaders } from '../../src/domain/signature.ts'
import { addCustomer, type Context, type IssuedKey, issueKey } from '../../src/operations/customers/index.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { type Child, startChild } from '../support/child.ts'
import { ask } from '../support/http.ts'
import { uniqueName } from '../support/names.ts'
import { liveQueue, region } from '../support/sqs.ts'
import { basicHeader, messageBody, newMasterKeys, newNonce } from './world.ts'

export interface Gateways {
  readonly context: Context
  readonly customer: string
  readonly keys: ReadonlyMap<Scheme, IssuedKey>
  readonly masterKey: string
  readonly children: readonly Child[]
  readonly urls: readonly string[]
}

/** Two gateway processes on one registry, and a customer with a live key for each scheme. */
export async function startGateways(address: string, sqsEndpoint: string): Promise<Gateways> {
  const registry = await openRegistry(address)
  onTestFinished(() => registry.close())
  const master = newMasterKeys()
  const context: Context = {
    registry,
    actor: { who: 'tester', from: 'here' },
    now: Date.now,
    masterKeys: async () => master.keys,
  }
  const customer = uniqueName('customer')
  await addCustomer(context, { id: customer, quota: { day: 1_000_000 }, queue: liveQueue, senders: ['1588-1234'] })
  const keys = new Map<Scheme, IssuedKey>()
  for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
    keys.set(scheme, await issueKey(context, customer, { scheme, environment: 'live' }))
  }
  const env = {
    APIGW_REGISTRY: address,
    APIGW_MASTER_KEY: master.text,
    APIGW_SQS_ENDPOINT: sqsEndpoint,
    APIGW_HOST: '127.0.0.1',
    APIGW_PORT: '0',
    AWS_REGION: region,
  }
  const children = [startChild('gateway', env), startChild('gateway', env)]
  const urls = await Promise.all(children.map(async (child) => String((await child.logged('listening')).url)))
  return { context, customer, keys, masterKey: master.text, children, urls }
}

export async function tokenFor(url: string, key: IssuedKey): Promise<string> {
  const headers = { authorization: basicHeader(key.basic), 'content-type': 'application/x-www-form-urlencoded' }
  const { body } = await ask(`${url}/v1.0/token`, { method: 'POST', headers, body: 'grant_type=client_credentials' })
  return String(body.access_token)
}

/** Creates the headers of successive calls to one gateway. */
export async function signerFor(url: string, scheme: Scheme, key: IssuedKey): Promise<() => Record<string, string>> {
  const json = { 'content-type': 'application/json' }
  if (scheme === 'basic') return () => ({ ...json, authorization: basicHeader(key.basic) })
  if (scheme === 'jwt') {
    const token = await tokenFor(url, key)
    return () => ({ ...json, authorization: `Bearer ${token}` })
  }
  const keyId = `${key.credential.customer}:${key.credential.keyId}`
  return () => ({
    ...json,
    ...signedHeaders({
      method: 'POST',
      targetUri: `${url}/v1.0/messages`,
      body: Buffer.from(messageBody),
      keyId,
      secret: key.secret,
      created: Math.floor(Date.now() / 1000),
      nonce: newNonce(),
    }),
  })
}
