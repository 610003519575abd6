import { describe, expect, test } from 'vitest'
import { nextText } from '../../../src/domain/next-step.ts'
import type { Webhook } from '../../../src/domain/webhook.ts'
import { webhookCheck } from '../../../src/operations/doctor/checks/webhooks.ts'

const webhook: Webhook = {
  customer: 'acme',
  environment: 'live',
  name: 'main',
  url: 'https://hooks.acme.kr/',
  events: [],
  secrets: [],
  createdAt: 0,
}
const progress = { pending: [], done: [], failures: 0 }
const failing = { ...progress, failures: 5, failingSince: 0, lastFailure: { at: 0, why: '500' } }
const states = (state: string) => new Map([['acme', state]])

describe('a webhook', () => {
  test('that is up needs nothing, and neither does one of a suspended customer that is stopped', () => {
    expect(webhookCheck(webhook, progress, states('active'))).toBeUndefined()
    expect(webhookCheck(webhook, undefined, undefined)).toBeUndefined()
    const stopped = { ...webhook, disabled: { at: 0, why: 'suspended' } } as const
    expect(webhookCheck(stopped, undefined, states('suspended'))).toBeUndefined()
  })

  test.each([
    ['gone', { disabled: { at: 0, why: 'gone' } }, undefined, states('active'), 'it answered 410', 'webhook enable acme main'],
    ['failing', { disabled: { at: 0, why: 'failing' } }, undefined, states('active'), 'five days', 'webhook enable acme main'],
    ['down', {}, failing, states('active'), 'down since 1970-01-01T00:00:00.000Z: 500', 'webhook deliveries acme main'],
    ['of no one', {}, progress, new Map(), 'does not exist', 'webhook remove acme main'],
    ['of a suspended customer', {}, progress, states('suspended'), 'still gets events', 'customer suspend acme'],
    [
      'of an active one',
      { disabled: { at: 0, why: 'suspended' } },
      undefined,
      states('active'),
      'gets nothing',
      'customer resume acme',
    ],
  ] as const)('%s is a warning with a fix', (_name, more, known, customers, detail, fix) => {
    const check = webhookCheck({ ...webhook, ...more }, known, customers)
    expect(check).toMatchObject({ name: 'webhooks', state: 'warn', detail: expect.stringContaining(detail) })
    expect(nextText(check?.fix ?? '')).toContain(fix)
  })
})
