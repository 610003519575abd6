import { describe, expect, test } from 'vitest'
import { billDocument } from '../../../src/domain/closed-bill.ts'
import { digestOf, newKeyId, newSecret } from '../../../src/domain/credential.ts'
import { defaultRoutesDocument, defaultRoutesFrom } from '../../../src/domain/default-routes.ts'
import type { NewKey } from '../../../src/registry/index.ts'
import type { World } from '../contract.ts'
import { entryOf, freshId, noon, problemOf, profileOf } from '../fixtures.ts'

const liar = { who: 'another-person', from: 'elsewhere' }
const account = '123456789012'

function keyFor(more: Partial<NewKey> = {}): NewKey {
  return { keyId: newKeyId('live'), environment: 'live', side: { scheme: 'basic', digest: digestOf(newSecret('live')) }, ...more }
}

/** The changes that an operator can make, with the same result through a function and on the store itself. */
export function changesContract({ tenant, registry, engine, clock }: World): void {
  const written = async (customer: string) => (await registry().history(customer, 50)).map(({ what }) => what)
  const add = (customer: string, more = {}) =>
    registry().change({ kind: 'addCustomer', customer, keys: [keyFor()], ...more }, liar)

  describe('changes', () => {
    test('have the intended effect on a customer, and one audit log entry each', async () => {
      const id = freshId()
      const key = keyFor({ allowIps: ['203.0.113.0/24'], expiresAt: noon + 1_000_000 })
      await add(id, { name: '주식회사', quota: { day: 10, rate: 2.5 }, queue: 'sms', keys: [key] })
      const { keyId } = key
      const fresh = keyFor()
      const change = registry().change.bind(registry())
      await change({ kind: 'setQuota', customer: id, environment: 'live', change: { day: 20, month: 100 } }, liar)
      await change({ kind: 'setCustomer', customer: id, change: { state: 'suspended' } }, liar)
      await change(
        { kind: 'addRoute', customer: id, route: { api: 'messages', environment: 'live', targets: ['a*2', 'b@2'] } },
        liar,
      )
      const { side } = fresh
      await change({ kind: 'rotateKey', customer: id, keyId, overlapMs: 60_000, newKeyId: fresh.keyId, side }, liar)
      await change({ kind: 'revokeKey', customer: id, keyId: fresh.keyId }, liar)
      await change({ kind: 'noteReading', customer: id, environment: 'live', reason: ' ticket 4711 ' }, liar)
      const { profile } = await change({ kind: 'removeRoute', customer: id, api: 'messages', environment: 'live' }, liar)
      expect(profile).toMatchObject({
        customer: { id, name: '주식회사', state: 'suspended', createdAt: noon },
        quotas: { live: { day: 20, month: 100, rate: 2.5, burst: 3 } },
        credentials: [
          { keyId, notBefore: noon, createdAt: noon, expiresAt: noon + 60_000, allowIps: [{ text: '203.0.113.0/24' }] },
          { keyId: fresh.keyId, revokedAt: noon, expiresAt: noon + 1_000_000, allowIps: [{ text: '203.0.113.0/24' }] },
        ],
      })
      expect((await registry().profile(id))?.profile).toEqual(profile)
      expect(await registry().credential(id, fresh.keyId)).toEqual(profile?.credentials[1])
      expect(await written(id)).toEqual([
        'route live messages: removed',
        'whole numbers of opt-outs (live) read: ticket 4711',
        `key ${fresh.keyId} revoked`,
        `key ${keyId} rotated`,
        'route live messages: a*2 b@2',
        'customer: state suspended',
        'quota live: day 20, month 100',
        'customer added',
      ])
      expect((await change({ kind: 'removeCustomer', customer: id }, liar)).done).toBe(true)
      expect((await problemOf(add(id))).code).toBe('customer-id-retired')
      expect((await written(id))[0]).toBe('customer removed')
    })

    test('set what a customer may send, and keep it in the profile', async () => {
      const id = freshId()
      await add(id, { senders: ['1588-1234', '15881234'] })
      const change = registry().change.bind(registry())
      const prices = { name: 'export', types: { lms: 3 }, destinations: [{ prefix: '+1', factor: 5 }] }
      await change({ kind: 'setPriceClass', prices }, liar)
      await change({ kind: 'addSender', customer: id, number: '02-123-4567', sender: { state: 'pending' } }, liar)
      await change({ kind: 'setSender', customer: id, number: '021234567', sender: { state: 'active', document: 'a.pdf' } }, liar)
      await change({ kind: 'removeSender', customer: id, number: '1588-1234' }, liar)
      const sending = {
        from: 'any',
        destinations: ['+82', '+1'],
        adNight: 'refuse',
        originCode: '123456789',
        alimtalkProfiles: ['@가'],
        prices,
      } as const
      await change({ kind: 'setCustomer', customer: id, change: {}, sending }, liar)
      const { profile } = await change({ kind: 'setCustomer', customer: id, change: {}, sending: { from: null } }, liar)
      const { from: _, ...kept } = sending
      expect(profile?.sending).toEqual({
        ...kept,
        senders: [{ number: '+8221234567', state: 'active', document: 'a.pdf', addedAt: noon }],
      })
      expect((await registry().profile(id))?.profile).toEqual(profile)
      expect((await written(id)).slice(0, 5)).toEqual([
        'customer: senders default',
        'customer: senders any, destinations +82 +1, advertising at night refuse, price class export, origin code 123456789, Kakao channels @가',
        'sender +8215881234 removed',
        'sender +8221234567: state active, document a.pdf',
        'sender +8221234567 added (pending)',
      ])
      await change({ kind: 'removePriceClass', name: 'export' }, liar)
      expect((await problemOf(change({ kind: 'removePriceClass', name: 'export' }, liar))).code).toBe('price-class-unknown')
    })

    test('record the authenticated actor, and the time of the registry clock', async () => {
      const id = freshId()
      await add(id)
      const [line] = await registry().history(id, 1)
      expect(line).toEqual({ at: clock.now, customer: id, what: 'customer added', ...(engine().actor?.() ?? liar) })
    })

    test('are validated by the domain, and leave no trace when refused', async () => {
      const customer = await tenant()
      const { id } = customer
      const before = await registry().profile(id)
      const change = registry().change.bind(registry())
      const [first] = before?.profile.credentials ?? []
      const live = { customer: id, environment: 'live' } as const
      const refused: [string, () => Promise<unknown>][] = [
        ['quota-invalid', () => change({ kind: 'setQuota', ...live, change: { day: null, month: null } }, liar)],
        ['quota-invalid', () => change({ kind: 'setQuota', ...live, change: { day: -1 } }, liar)],
        [
          'route-invalid',
          () =>
            change({ kind: 'addRoute', customer: id, route: { api: 'messages', environment: 'test', targets: ['sms'] } }, liar),
        ],
        ['route-unknown', () => change({ kind: 'removeRoute', customer: id, api: 'other', environment: 'live' }, liar)],
        ['key-unknown', () => change({ kind: 'revokeKey', customer: id, keyId: 'none' }, liar)],
        ['input-invalid', () => change({ kind: 'issueKey', customer: id, key: keyFor({ expiresAt: 1 }) }, liar)],
        ['input-invalid', () => change({ kind: 'issueKey', customer: id, key: keyFor({ allowIps: ['somewhere'] }) }, liar)],
        ['input-invalid', () => change({ kind: 'setCustomer', customer: id, change: { name: 'a\u202Eb' } }, liar)],
        ['input-invalid', () => change({ kind: 'setCustomer', customer: id, change: { timeZone: 'Asia/Soul' } }, liar)],
        [
          'input-invalid',
          () => change({ kind: 'setCustomer', customer: id, change: {}, sending: { destinations: ['82'] } }, liar),
        ],
        ['input-invalid', () => change({ kind: 'setCustomer', customer: id, change: {}, sending: { destinations: [] } }, liar)],
        ['input-invalid', () => change({ kind: 'setCustomer', customer: id, change: {}, sending: { originCode: 'a b' } }, liar)],
        [
          'input-invalid',
          () => change({ kind: 'setCustomer', customer: id, change: {}, sending: { alimtalkProfiles: ['@가', 'a b'] } }, liar),
        ],
        ['sender-invalid', () => change({ kind: 'addSender', customer: id, number: '0505', sender: {} }, liar)],
        ['sender-invalid', () => change({ kind: 'addSender', customer: id, number: '15881234', sender: { expiresAt: 1 } }, liar)],
        ['sender-unknown', () => change({ kind: 'removeSender', customer: id, number: '15881234' }, liar)],
        ['input-invalid', () => change({ kind: 'noteReading', ...live, reason: 'a\u202Eb' }, liar)],
        ['input-invalid', () => change({ kind: 'noteErasure', customer: id, person: 'h', reason: ' ' }, liar)],
        ['customer-exists', () => add(id)],
        ['customer-unknown', () => change({ kind: 'revokeKey', customer: freshId(), keyId: 'none' }, liar)],
      ]
      for (const [code, outcome] of refused) expect((await problemOf(outcome())).code).toBe(code)
      const key = keyFor()
      await change({ kind: 'issueKey', customer: id, key }, liar)
      expect((await problemOf(change({ kind: 'issueKey', customer: id, key }, liar))).code).toBe('input-invalid')
      expect(first).toEqual((await registry().profile(id))?.profile.credentials[0])
      expect(await written(id)).toEqual([`key ${key.keyId} issued (basic, live)`, 'added'])
    })

    test('are not lost when many are made at once', async () => {
      const customer = await tenant()
      const keys = Array.from({ length: 5 }, () => keyFor())
      await Promise.all(keys.map((key) => registry().change({ kind: 'issueKey', customer: customer.id, key }, liar)))
      const { credentials = [] } = (await registry().profile(customer.id))?.profile ?? {}
      expect(credentials.map(({ keyId }) => keyId)).toEqual(expect.arrayContaining(keys.map(({ keyId }) => keyId)))
    })

    test('can change the default routes, which belong to all customers', async () => {
      const route = { api: 'messages', environment: 'live', targets: ['shared'] } as const
      await registry().change({ kind: 'addDefaultRoute', route }, liar)
      const read = async () => defaultRoutesFrom((await registry().document(defaultRoutesDocument))?.text)
      expect(await read()).toContainEqual(expect.objectContaining({ api: 'messages', environment: 'live' }))
      await registry().change({ kind: 'removeDefaultRoute', api: 'messages', environment: 'live' }, liar)
      expect(await read()).not.toContainEqual(expect.objectContaining({ environment: 'live' }))
    })

    test('write web ACL notes with the name of the author', async () => {
      const name = `waf:${account}:ap-northeast-2:${freshId()}`
      const note = { list: 'block', address: '203.0.113.7/32', at: 1, until: null, by: 'the boss', from: 'x', reason: 'guesses' }
      const write = async (notes: unknown, expected?: string) =>
        registry().change(
          {
            kind: 'writeNotes',
            name,
            text: JSON.stringify({ version: 1, notes }),
            ...(expected !== undefined && { expected }),
          },
          liar,
        )
      expect(await write([note])).toEqual({ done: true })
      const stored = await registry().document(name)
      const { who, from } = engine().actor?.() ?? liar
      expect(JSON.parse(stored?.text ?? '').notes).toEqual([{ ...note, by: who, from }])
      expect((await registry().history('*', 1))[0]).toMatchObject({ who, what: 'waf: block 203.0.113.7/32: guesses' })
      expect(await write([], 'outdated')).toEqual({ done: false })
      expect(await write([], stored?.version)).toEqual({ done: true })
      for (const wrong of [[{ ...note, reason: 'a\u001b[2Jb' }], 'x', [{ ...note, more: 1 }]]) {
        expect((await problemOf(write(wrong, (await registry().document(name))?.version))).code).toBe('input-invalid')
      }
    })

    test('close a bill once, the first one, with the name of its author', async () => {
      const { id } = await tenant()
      const sums = { charged: '0', credited: '0', total: '0', payable: '0' }
      const made = {
        customer: id,
        month: '2026-10',
        timeZone: 'Asia/Seoul',
        from: 1,
        until: 2,
        currency: 'KRW',
        lines: [],
        ...sums,
      }
      const close = (open: number) => {
        const prices = { digest: `sha256:${'0'.repeat(64)}`, file: 'prices.yaml' }
        const bill = JSON.stringify({ ...made, open, prices })
        return registry().change({ kind: 'closeBill', customer: id, month: '2026-10', bill }, liar)
      }
      const done = (await Promise.all([1, 2, 3].map(close))).map((changed) => changed.done)
      expect(done.filter(Boolean)).toHaveLength(1)
      const stored = await registry().document(billDocument(id, '2026-10'))
      const { who } = engine().actor?.() ?? liar
      expect(JSON.parse(stored?.text ?? '')).toMatchObject({ ...made, open: done.indexOf(true) + 1, closedBy: who })
      expect((await registry().history('*', 1))[0]?.what).toContain(`bill of ${id} for 2026-10 closed: 0 KRW`)
      expect(
        (await problemOf(registry().change({ kind: 'closeBill', customer: id, month: '2026-11', bill: '{}' }, liar))).code,
      ).toBe('input-invalid')
    })

    test('cannot write any other document', async () => {
      const text = JSON.stringify({ version: 1, notes: [] })
      for (const name of ['token-keys', 'default-routes', 'waf:x:y:z', `waf:${account}:a:b:c`]) {
        const problem = await problemOf(registry().change({ kind: 'writeNotes', name, text }, liar))
        expect(['input-invalid', 'invalid-request']).toContain(problem.code)
      }
    })

    test('are applied again to the latest version when others write at the same time', async () => {
      const { id } = await tenant()
      const stored = await registry().profile(id)
      await registry().save(profileOf(id, { quotas: { live: { day: 3 } } }), stored?.version, entryOf(id, 'in between'))
      await registry().change({ kind: 'setQuota', customer: id, environment: 'live', change: { month: 9 } }, liar)
      expect((await registry().profile(id))?.profile.quotas.live).toEqual({ day: 3, month: 9 })
    })
  })
}
