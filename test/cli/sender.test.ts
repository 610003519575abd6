import { beforeEach, describe, expect, test } from 'vitest'
import { contentsOf, json, ok, type RunOptions, registryFile, run, temporaryFolder } from './run.ts'

let here: RunOptions
beforeEach(async () => {
  here = { cwd: temporaryFolder() }
  await ok(['customer', 'add', 'acme', '--time-zone', 'UTC', '--sender', '1588-1234'], here)
})

describe('sender', () => {
  test('a sender is added, allowed, changed and removed, and each step is in the audit log', async () => {
    await ok(['sender', 'add', 'acme', '02-123-4567', '--pending', '--document', 'contracts/a.pdf'], here)
    await ok(['sender', 'set', 'acme', '+82 2 123 4567', '--state', 'active', '--expires', '2099-01-01T00:00:00Z'], here)
    expect(await json(['sender', 'list', 'acme'], here)).toEqual({
      customer: 'acme',
      from: 'registered',
      senders: [
        expect.objectContaining({
          number: '+8215881234',
          national: '15881234',
          state: 'active',
          document: null,
          expiresAt: null,
        }),
        expect.objectContaining({
          number: '+8221234567',
          state: 'active',
          document: 'contracts/a.pdf',
          expiresAt: '2099-01-01T00:00:00.000Z',
        }),
      ],
    })
    expect(await ok(['sender', 'remove', 'acme', '021234567'], here)).toBe('Removed the sender 021234567 of acme.\n')
    const { history } = (await json(['customer', 'show', 'acme'], here)) as { history: { what: string }[] }
    expect(history.slice(0, 3).map(({ what }) => what)).toEqual([
      'sender +8221234567 removed',
      'sender +8221234567: state active, expires 2099-01-01T00:00:00.000Z',
      'sender +8221234567 added (pending)',
    ])
  })
  test('bad input changes nothing and says what to do', async () => {
    const before = contentsOf(registryFile(here.cwd))
    const refused = async (...args: string[]) => (await run(['sender', ...args], here)).stderr
    expect(await refused('add', 'acme', '15881234')).toContain('"acme" has the sender 15881234 already.')
    expect(await refused('add', 'acme', '0505')).toContain('"0505" cannot be a sender.')
    expect(await refused('add', 'acme', '02-123-4567', '--expires', '2020-01-01T00:00:00Z')).toContain('expired already')
    expect(await refused('set', 'acme', '02-123-4567', '--state', 'active')).toContain('has no sender 021234567')
    expect(await refused('remove', 'acme', '02-123-4567')).toContain('apigw sender list acme')
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
  })
})

describe('customer set', () => {
  test('sets what a customer may send in one step, and "none" takes it away', async () => {
    await ok(['price', 'set', 'export', '--type', 'lms=3', '--to', '+1=5'], here)
    const set = [
      '--destination',
      '+82',
      '--destination',
      '+1',
      '--ad-night',
      'refuse',
      '--origin-code',
      '123456789',
      '--alimtalk-profile',
      '@가나다몰',
    ]
    expect(await json(['customer', 'set', 'acme', ...set, '--price-class', 'export'], here)).toMatchObject({
      sending: {
        senders: 'registered',
        destinations: ['+82', '+1'],
        adNight: 'refuse',
        originCode: '123456789',
        alimtalkProfiles: ['@가나다몰'],
        priceClass: { name: 'export', types: { lms: 3 }, destinations: [{ prefix: '+1', factor: 5 }] },
      },
    })
    const operator = { ...here, env: { APIGW_ORIGIN_CODE: 'OP9' } }
    const shown = async () => Object(await json(['customer', 'show', 'acme'], operator)).originCode
    expect(await shown()).toEqual({ code: '123456789', of: 'customer' })
    const without = ['--origin-code', 'none', '--price-class', 'none', '--senders', 'any', '--alimtalk-profile', 'none']
    expect(await json(['customer', 'set', 'acme', ...without], here)).toMatchObject({
      sending: { senders: 'any', destinations: ['+82', '+1'], originCode: null, alimtalkProfiles: [], priceClass: null },
    })
    expect(await shown()).toEqual({ code: 'OP9', of: 'operator' })
    expect(await ok(['customer', 'show', 'acme'], operator)).toContain('OP9  yours, because this customer has none of its own')
    expect(Object(await json(['customer', 'show', 'acme'], here)).originCode).toBeNull()
  })
  test('a bad name leaves what a customer may send as it is', async () => {
    const before = contentsOf(registryFile(here.cwd))
    const { stderr, code } = await run(['customer', 'set', 'acme', '--senders', 'any', '--name', ''], here)
    expect([code, stderr]).toEqual([2, expect.stringContaining('A name has 1 to 100 characters.')])
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
  })
})

describe('price', () => {
  test('a class changes customers only when it is applied, and a second run changes none', async () => {
    await ok(['price', 'set', 'export', '--type', 'lms=3'], here)
    await ok(['customer', 'set', 'acme', '--price-class', 'export'], here)
    await ok(['price', 'set', 'export', '--type', 'lms=4'], here)
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({ sending: { priceClass: { types: { lms: 3 } } } })
    expect(await json(['price', 'apply', 'export', '--dry-run'], here)).toMatchObject({ changed: ['acme'], dryRun: true })
    expect(await json(['price', 'apply', 'export'], here)).toMatchObject({ changed: ['acme'], unchanged: 0 })
    expect(await json(['price', 'apply', 'export'], here)).toMatchObject({ changed: [], unchanged: 1 })
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({ sending: { priceClass: { types: { lms: 4 } } } })
  })
  test('a removed class is gone from the list, and customers keep its prices', async () => {
    await ok(['price', 'set', 'export', '--to', '+1=5'], here)
    await ok(['customer', 'set', 'acme', '--price-class', 'export'], here)
    await ok(['price', 'remove', 'export'], here)
    expect(await json(['price', 'list'], here)).toEqual({ classes: [] })
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({ sending: { priceClass: { name: 'export' } } })
  })
  test('prices that cannot be meant are refused with their place', async () => {
    const refused = async (...args: string[]) => (await run(['price', 'set', 'export', ...args], here)).stderr
    expect(await refused('--type', 'fax=1')).toContain('"fax=1" does not give the units of a message type.')
    expect(await refused('--type', 'sms=0')).toContain('The units of sms cannot be 0')
    expect(await refused('--to', '1=5')).toContain('"1=5" does not give the factor of a destination.')
    expect(await refused('--to', '+1=5', '--to', '+1=6')).toContain('The destination +1 is named twice.')
    expect(await json(['price', 'list'], here)).toEqual({ classes: [] })
  })
})
