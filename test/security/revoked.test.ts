import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { revokeKey, setCustomer } from '../../src/operations/customers/index.ts'
import { ask } from '../support/http.ts'
import { type Sqs, startSqs } from '../support/sqs.ts'
import { until } from '../support/until.ts'
import { type Gateways, signerFor, startGateways } from './gateways.ts'
import { messageBody } from './world.ts'

const connections = 64
const enough = 200

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** Calls over 64 connections, one call after the other on each, until it is stopped. */
async function hammer({ urls, keys }: Gateways, scheme: 'basic' | 'hmac' | 'jwt') {
  const key = keys.get(scheme)
  if (key === undefined) throw new Error(`there is no ${scheme} key`)
  const signers = await Promise.all(urls.map((url) => signerFor(url, scheme, key)))
  const state = { over: false, ended: false, before: 0 }
  const after: string[] = []
  const connection = async (index: number): Promise<void> => {
    const url = urls[index % urls.length] ?? ''
    const sign = signers[index % urls.length] ?? (() => ({}))
    while (!state.ended) {
      const startedAfter = state.over
      const { status, body } = await ask(`${url}/v1.0/messages`, { method: 'POST', headers: sign(), body: messageBody })
      if (startedAfter) after.push(`${status} ${body.code}`)
      else if (status === 202) state.before += 1
    }
  }
  const running = Promise.all(Array.from({ length: connections }, (_, index) => connection(index)))
  const end = async (): Promise<void> => {
    state.ended = true
    await running
  }
  return { state, after, end }
}

describe.each(['basic', 'hmac', 'jwt'] as const)('64 connections to two gateways with %s', (scheme) => {
  it.each(['key revoke', 'customer suspend'])('never admit a call that starts after %s has returned', async (how) => {
    const database = { basic: 4, hmac: 5, jwt: 6 }[scheme] + (how === 'key revoke' ? 0 : 3)
    const gateways = await startGateways(`${inject('redis')}/${database}`, sqs.endpoint)
    const { context, customer, keys } = gateways
    const calls = await hammer(gateways, scheme)
    await until(() => calls.state.before >= enough)
    if (how === 'key revoke') await revokeKey(context, customer, keys.get(scheme)?.credential.keyId ?? '')
    else await setCustomer(context, customer, { state: 'suspended' })
    calls.state.over = true
    await until(() => calls.after.length >= enough)
    await calls.end()
    expect(new Set(calls.after)).toEqual(new Set([how === 'key revoke' ? '401 key-revoked' : '403 customer-suspended']))
  })
})
