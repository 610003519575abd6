import fc from 'fast-check'
import { Webhook as Receiver, WebhookVerificationError } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/domain/public-address.ts'
import { eventBody, eventType, reportEvent, signingSecrets, takes, webhookUrl } from '../../src/domain/webhook.ts'
import { endpointPause, maxDownMs, retryAfterMs, retryPause } from '../../src/domain/webhook-schedule.ts'
import { newWebhookSecret, signedHeaders, webhookKey } from '../../src/domain/webhook-signature.ts'

const owner = { customer: 'acme', environment: 'live' } as const
const hour = 3_600_000

describe('signatures', () => {
  it('are accepted by the library of Standard Webhooks, whatever the event holds', () => {
    const secret = newWebhookSecret()
    const receiver = new Receiver(secret)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (ref) => {
        const event = reportEvent(owner, { id: 'A', ref, status: 'delivered', at: 1_000 })
        const body = eventBody(event)
        expect(receiver.verify(body, signedHeaders([secret], event.id, Date.now(), body))).toMatchObject({
          type: 'message.delivered',
          timestamp: '1970-01-01T00:00:01.000Z',
          data: { id: 'A', ref, status: 'delivered', at: '1970-01-01T00:00:01.000Z', environment: 'live' },
        })
      }),
    )
  })

  it('are made with both secrets while one replaces the other', () => {
    const [before, after] = [newWebhookSecret(), newWebhookSecret()]
    const headers = signedHeaders([after, before], 'evt_1', Date.now(), '{}')
    for (const secret of [before, after]) expect(new Receiver(secret).verify('{}', headers)).toEqual({})
    expect(() => new Receiver(newWebhookSecret()).verify('{}', headers)).toThrow(WebhookVerificationError)
  })

  it('are made with a secret until it ends', () => {
    const webhook = {
      secrets: [
        { sealed: 'new', createdAt: 5 },
        { sealed: 'old', createdAt: 1, endsAt: 10 },
      ],
    }
    expect(signingSecrets(webhook, 9).map(({ sealed }) => sealed)).toEqual(['new', 'old'])
    expect(signingSecrets(webhook, 10).map(({ sealed }) => sealed)).toEqual(['new'])
  })

  it.each([23, 65])('need a secret of 24 to 64 bytes, not %i', (bytes) => {
    const secret = `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    expect(() => webhookKey(secret)).toThrow('24 to 64 bytes')
    expect(() => webhookKey(secret)).not.toThrow(secret)
  })
})

describe('the id of an event', () => {
  it('depends on owner, type and message alone', () => {
    const report = { id: 'A', status: 'failed', code: '4410', at: 1 } as const
    const { id } = reportEvent(owner, report)
    expect(reportEvent(owner, { ...report, at: 2 }).id).toBe(id)
    const others = [
      reportEvent({ ...owner, environment: 'test' }, report),
      reportEvent({ ...owner, customer: 'other' }, report),
      reportEvent(owner, { ...report, status: 'delivered' }),
      reportEvent(owner, { ...report, id: 'B' }),
    ]
    expect(others.map((one) => one.id)).not.toContain(id)
  })
})

describe('types', () => {
  it('are chosen from those that exist; no choice takes all, and a test always arrives', () => {
    expect(() => eventType('message.delivred')).toThrow('not an event type')
    const some = { events: ['message.failed'] }
    expect(['message.failed', 'message.delivered', 'webhook.test'].map((type) => takes(some, type))).toEqual([true, false, true])
    expect(takes({ events: [] }, 'message.invented')).toBe(true)
  })
})

describe('a URL', () => {
  it.each(['https://hooks.acme.kr/in?x=1', 'https://acme.co.kr:8443/', 'https://xn--o39a.kr/'])('%s is accepted', (url) => {
    expect(webhookUrl(url, false)).toBe(url)
  })

  it.each([
    ['http://hooks.acme.kr/', 'https'],
    ['ftp://hooks.acme.kr/', 'https'],
    ['http://localhost:9000/', 'leads to this machine'],
    ['https://127.0.0.1/', 'not an IP address'],
    ['https://2130706433/', 'not an IP address'],
    ['https://0177.0.0.1/', 'not an IP address'],
    ['https://0x7f.1/', 'not an IP address'],
    ['https://[::1]/', 'not an IP address'],
    ['https://[::ffff:10.0.0.1]/', 'not an IP address'],
    ['https://169.254.169.254/latest/meta-data', 'not an IP address'],
    ['https://localhost/', 'public internet'],
    ['https://LOCALHOST./', 'public internet'],
    ['https://router/', 'public internet'],
    ['https://db.internal/', 'public internet'],
    ['https://instance-data.ec2.internal/', 'public internet'],
    ['https://acme.kr:22/', 'port'],
    ['https://user:pw@acme.kr/', 'password'],
    ['https://acme.kr/#x', 'fragment'],
    [`https://acme.kr/${'x'.repeat(1_000)}`, 'characters'],
    ['acme.kr', 'not a URL'],
  ])('%s is refused: %s', (url, why) => {
    expect(() => webhookUrl(url, false)).toThrow(why)
  })

  it('of this machine is accepted only where that is asked for', () => {
    expect(webhookUrl('http://localhost:9000/in', true)).toBe('http://localhost:9000/in')
    expect(() => webhookUrl('http://10.0.0.7:9000/', true)).toThrow('https')
    expect(() => webhookUrl('http://localhost.acme.kr/', true)).toThrow('https')
  })
})

describe('an address', () => {
  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.255.255', '192.168.0.1', '198.18.0.1'],
    ...['224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd00:ec2::254', 'fc00::1', 'ff02::1'],
    // IPv4 in IPv6: mapped, compatible, NAT64, 6to4, Teredo.
    ...['::ffff:8.8.8.8', '::ffff:127.0.0.1', '::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001:0:53aa::1'],
    ...['2001:db8::1', 'not-an-address', ''],
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('the schedule', () => {
  it('has nine attempts over about a day, each pause a tenth more or less', () => {
    const pauses = (random: number): number[] => Array.from({ length: 8 }, (_, at) => retryPause(at + 1, random) ?? 0)
    const sum = (all: number[]): number => all.reduce((total, one) => total + one, 0)
    expect(sum(pauses(0.5)) / hour).toBeCloseTo(24.6, 1)
    expect([sum(pauses(0)), sum(pauses(1))].map((ms) => Math.round((ms / sum(pauses(0.5))) * 10))).toEqual([9, 11])
    expect(retryPause(9, 0)).toBeUndefined()
  })

  it('tries an endpoint that takes nothing at least each quarter of an hour, until it is disabled', () => {
    expect([1, 2, 3, 4, 5, 5_000].map((failures) => endpointPause(failures, 0.5))).toEqual([5e3, 6e4, 3e5, 9e5, 9e5, 9e5])
    expect(maxDownMs).toBe(5 * 24 * hour)
  })

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Fri, 27 Nov 2026 00:01:00 GMT', 60_000],
    ['Fri, 27 Nov 2026 00:00:00 GMT', 0],
    ['999999999', 6 * hour],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('Retry-After %s is %s ms', (header, ms) => {
    expect(retryAfterMs(header, Date.parse('2026-11-27T00:00:00Z'))).toBe(ms)
  })
})
