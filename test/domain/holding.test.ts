import { describe, expect, it } from 'vitest'
import { dueAt, handOver } from '../../src/domain/holding.ts'

const seoul = (time: string): number => Date.parse(`2026-11-28T${time}+09:00`)
const korean = '+821012345678'
const ad = { to: korean, purpose: 'ad' as const, adNight: 'hold' as const }
const next = Date.parse('2026-11-29T08:00:00+09:00')

describe('a message that arrives', () => {
  const now = seoul('12:00:00')

  it('is held if its time is more than a minute ahead', () => {
    expect(dueAt({ to: korean }, now)).toBeUndefined()
    expect(dueAt({ to: korean, sendAt: now + 60_000 }, now)).toBeUndefined()
    expect(dueAt({ to: korean, sendAt: now + 60_001 }, now)).toBe(now + 1)
  })

  it('is held for a moment if it is an advertisement, and until the morning at night', () => {
    expect(dueAt(ad, now)).toBe(now)
    expect(dueAt(ad, seoul('20:59:59'))).toBe(seoul('20:59:59'))
    expect(dueAt(ad, seoul('21:00:00'))).toBe(next)
    expect(dueAt({ ...ad, sendAt: seoul('21:00:00') }, now)).toBe(next)
    expect(dueAt({ ...ad, adNight: 'refuse' }, seoul('21:00:00'))).toBe(seoul('21:00:00'))
  })
})

describe('a message that is due', () => {
  it.each([
    ['20:59:59', 'hold', { kind: 'send' }],
    ['21:00:00', 'hold', { kind: 'hold', until: next }],
    ['08:00:00', 'hold', { kind: 'send' }],
    ['20:59:59', 'refuse', { kind: 'send' }],
    ['21:00:00', 'refuse', { kind: 'refused', code: 'ad-at-night' }],
    ['08:00:00', 'refuse', { kind: 'send' }],
    ['21:00:00', 'consent', { kind: 'send' }],
  ] as const)('%s with %s', (time, adNight, expected) => {
    expect(handOver({ ...ad, adNight }, seoul(time), false)).toEqual(expected)
  })

  it('is not held at night unless it advertises to Korea', () => {
    expect(handOver({ to: korean }, seoul('23:00:00'), false)).toEqual({ kind: 'send' })
    expect(handOver({ ...ad, to: '+12025550123' }, seoul('23:00:00'), false)).toEqual({ kind: 'send' })
  })

  it('waits for 08:00 itself, whether its customer refuses the night or not', () => {
    const message = { ...ad, sendAt: seoul('08:00:00') }
    for (const adNight of ['hold', 'refuse'] as const) {
      expect(handOver({ ...message, adNight }, seoul('07:59:00'), false)).toEqual({ kind: 'hold', until: seoul('08:00:00') })
    }
  })

  it('is refused where the recipient has opted out of advertising', () => {
    const now = seoul('12:00:00')
    expect(handOver(ad, now, true)).toEqual({ kind: 'refused', code: 'recipient-suppressed' })
    expect(handOver({ to: korean, purpose: 'auth' }, now, true)).toEqual({ kind: 'send' })
  })

  it('has expired at the end of its ttl', () => {
    const now = seoul('12:00:00')
    expect(handOver({ ...ad, expiresAt: now }, now, true)).toEqual({ kind: 'expired' })
    expect(handOver({ ...ad, expiresAt: now + 1 }, now, false)).toEqual({ kind: 'send' })
  })
})
