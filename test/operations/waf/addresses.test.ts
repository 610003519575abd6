import { describe, expect, test } from 'vitest'
import { addressesIn, parseAddresses } from '../../../src/operations/waf/addresses.ts'
import { cidrText } from '../../../src/operations/waf/cidr.ts'
import { type BlockContext, blockedKeys, guardBlock } from '../../../src/operations/waf/guard.ts'
import { rangesOf } from '../../../src/operations/waf/lists.ts'

const texts = (...typed: string[]) => parseAddresses(typed, true).cidrs.map(cidrText)

describe('typed addresses', () => {
  test('may be IPv4 and IPv6, single and ranges, and are deduplicated', () => {
    expect(texts('203.0.113.7', '2001:db8::/48', '203.0.113.7/32')).toEqual(['203.0.113.7/32', '2001:db8::/48'])
    expect(parseAddresses(['203.0.113.7', '203.0.113.7/32'], true).remarks).toEqual(['203.0.113.7/32 is listed twice.'])
  })
  test('that are truncated to their range or normalized are reported', () => {
    expect(parseAddresses(['203.0.113.7/24', '::ffff:203.0.113.9'], true).remarks).toEqual([
      '203.0.113.7/24 is stored as 203.0.113.0/24, the start of its range.',
      '::ffff:203.0.113.9 is stored as 203.0.113.9/32.',
    ])
  })
  test.each([
    ['', /empty/],
    ['api.example.com', /is a hostname/],
    ['https://203.0.113.7/', /is a URL/],
    ['203.0.113.300', /neither an IP address nor a range/],
    ['0.0.0.0/0', /covers every address/],
    ['::/0', /covers every address/],
    ['::ffff:0:0/96', /covers every address/],
    ['8.0.0.0/7', /wider than \/8/],
    ['2000::/23', /wider than \/24/],
  ])('%j is rejected', (text, message) => {
    expect(() => parseAddresses(['203.0.113.7', text], true)).toThrow(message)
  })
  test('may be wide for a removal', () => {
    expect(parseAddresses(['8.0.0.0/7'], false).cidrs.map(cidrText)).toEqual(['8.0.0.0/7'])
  })
  test('are required', () => {
    expect(() => parseAddresses([], true)).toThrow(expect.objectContaining({ code: 'input-missing' }))
  })
  test('are read from a file with comments', () => {
    expect(addressesIn('# from our provider\n203.0.113.7, 203.0.113.8 # two\n\n2001:db8::/48\r\n')).toEqual([
      '203.0.113.7',
      '203.0.113.8',
      '2001:db8::/48',
    ])
  })
})

describe('a block', () => {
  const around = (more: Partial<BlockContext> = {}): BlockContext => ({ mine: [], allowed: [], wide: false, ...more })
  const guard = (text: string, more?: Partial<BlockContext>): string[] =>
    parseAddresses([text], true).cidrs.flatMap((cidr) => guardBlock(cidr, around(more)))

  test('of a caller is accepted', () => {
    expect(guard('203.0.113.7')).toEqual([])
    expect(guard('203.0.0.0/16')).toEqual([])
    expect(guard('2001:db8::/32')).toEqual([])
  })
  test.each(['203.0.113.7', '203.0.113.0/24', '203.0.0.0/16'])('of the own address is rejected: %s', (text) => {
    expect(() => guard(text, { mine: rangesOf(['203.0.113.7']) })).toThrow(/your own address, 203\.0\.113\.7\/32/)
    expect(() => guard('2001:db8::/48', { mine: rangesOf(['2001:db8::5']) })).toThrow(/your own address/)
  })
  test('of an allowed address is rejected; a wider range adds a remark', () => {
    const allowed = rangesOf(['203.0.113.0/28'])
    expect(() => guard('203.0.113.7', { allowed })).toThrow(/on the allow list, as 203\.0\.113\.0\/28/)
    expect(() => guard('203.0.113.0/28', { allowed })).toThrow(expect.objectContaining({ code: 'lockout-refused' }))
    expect(guard('203.0.113.0/24', { allowed })).toEqual(['203.0.113.0/28 stays allowed, although 203.0.113.0/24 contains it.'])
    expect(guard('203.0.113.128/25', { allowed })).toEqual([])
  })
  test.each([
    '10.1.2.3',
    '172.16.0.0/16',
    '192.168.1.1',
    '127.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.1.2.3',
    '255.255.255.255',
    'fd00::1',
    'fe80::1',
    '::1',
    'ff02::1',
  ])('of an internal address is rejected: %s', (text) => {
    expect(() => guard(text, { wide: true })).toThrow(/load balancer uses such addresses/)
  })
  test('that contains internal addresses is rejected', () => {
    expect(() => guard('172.0.0.0/8', { wide: true })).toThrow(/overlaps 172\.16\.0\.0\/12/)
  })
  test.each(['203.0.0.0/15', '8.0.0.0/8', '2001:d00::/31'])('as wide as a provider’s needs --wide: %s', (text) => {
    expect(() => guard(text)).toThrow(/wider than/)
    expect(guard(text, { wide: true })).toEqual([])
  })
  test('lists keys that are restricted to blocked ranges', () => {
    const keys = [
      { customer: 'acme', keyId: 'ak_live_1', from: ['198.51.100.1', '203.0.113.64/26'] },
      { customer: 'beta', keyId: 'ak_live_2', from: ['198.51.100.2'] },
      { customer: 'gamma', keyId: 'ak_live_3', from: [] },
    ]
    expect(blockedKeys(rangesOf(['203.0.113.0/24']), keys)).toEqual([
      'The key ak_live_1 of acme is restricted to 203.0.113.64/26, which this blocks.',
    ])
  })
})
