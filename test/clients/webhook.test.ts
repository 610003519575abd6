import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyWebhook } from '../../clients/typescript/src/index.ts'

const secret = randomBytes(32)
const text = `whsec_${secret.toString('base64')}`
const body = JSON.stringify({
  type: 'message.delivered',
  timestamp: '2026-11-23T03:00:00.000Z',
  data: { id: 'x', 이름: '홍길동' },
})
const now = Date.parse('2026-11-23T03:00:00Z')

function headersAt(ms: number, key: Uint8Array = secret, id = 'evt_1'): Record<string, string> {
  const sentAt = String(Math.floor(ms / 1000))
  const signature = createHmac('sha256', key).update(`${id}.${sentAt}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': sentAt, 'webhook-signature': `v2,x v1,AA== v1,${signature}` }
}

describe('the webhook verification of the TypeScript client', () => {
  it('returns the event, from headers in either form', () => {
    const event = {
      id: 'evt_1',
      type: 'message.delivered',
      timestamp: '2026-11-23T03:00:00.000Z',
      data: { id: 'x', 이름: '홍길동' },
    }
    expect(verifyWebhook(text, headersAt(now), body, { now })).toEqual(event)
    expect(verifyWebhook(text, new Headers(headersAt(now)), Buffer.from(body), { now })).toEqual(event)
  })

  it('takes the old and the new secret while one is replaced', () => {
    const next = randomBytes(32)
    const both = [`whsec_${next.toString('base64')}`, text]
    expect(verifyWebhook(both, headersAt(now, next), body, { now }).id).toBe('evt_1')
    expect(verifyWebhook(both, headersAt(now), body, { now }).id).toBe('evt_1')
  })

  it.each([
    ['a body that was changed', headersAt(now), `${body} `],
    ['a different id', { ...headersAt(now), 'webhook-id': 'evt_2' }, body],
    ['a different secret', headersAt(now, randomBytes(32)), body],
    ['a timestamp of six minutes ago', headersAt(now - 360_000), body],
    ['a timestamp six minutes ahead', headersAt(now + 360_000), body],
    ['a timestamp that is not a number', { ...headersAt(now), 'webhook-timestamp': '1e99' }, body],
    ['no headers', {}, body],
  ])('refuses %s', (_, headers, sent) => {
    expect(() => verifyWebhook(text, headers, sent, { now })).toThrow(expect.objectContaining({ name: 'WebhookError' }))
  })

  it('does not show the secret that it cannot read', () => {
    expect(() => verifyWebhook('whsec_c2hvcnQ=', headersAt(now), body, { now })).toThrow(/^(?!.*c2hvcnQ)/)
  })
})
