import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { failureDelay } from '../../src/runtime/gateway/authentication/slow-down.ts'

const free = 20

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Whether a failure was answered without a delay. */
async function isImmediate(delay: ReturnType<typeof failureDelay>, customer: string, address: string): Promise<boolean> {
  let done = false
  void delay(customer, address).then(() => {
    done = true
  })
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  return done
}

describe('a caller that guesses', () => {
  it('is delayed after twenty failures in a minute, with growing delays', async () => {
    const sleeps: number[] = []
    const delay = failureDelay(Date.now, async (milliseconds) => void sleeps.push(milliseconds))
    for (let i = 0; i < free; i++) await delay('acme', '203.0.113.7')
    expect(sleeps).toEqual([])
    for (let i = 0; i < 8; i++) await delay('acme', '203.0.113.7')
    expect(sleeps).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000])
  })

  it('slows down no other address and no other customer', async () => {
    const delay = failureDelay(Date.now, () => new Promise(() => undefined))
    for (let i = 0; i < free; i++) await delay('acme', '203.0.113.7')
    expect(await isImmediate(delay, 'acme', '203.0.113.7')).toBe(false)
    expect(await isImmediate(delay, 'acme', '203.0.113.8')).toBe(true)
    expect(await isImmediate(delay, 'other', '203.0.113.7')).toBe(true)
  })

  it('starts over after a minute', async () => {
    const delay = failureDelay(Date.now, () => new Promise(() => undefined))
    for (let i = 0; i < free; i++) await delay('acme', '203.0.113.7')
    expect(await isImmediate(delay, 'acme', '203.0.113.7')).toBe(false)
    vi.advanceTimersByTime(60_000)
    expect(await isImmediate(delay, 'acme', '203.0.113.7')).toBe(true)
  })

  it('cannot fill the memory with pending answers: beyond a thousand they are not delayed', async () => {
    const delay = failureDelay(Date.now, () => new Promise(() => undefined))
    for (let i = 0; i < free; i++) await delay('acme', '203.0.113.7')
    for (let i = 0; i < 1000; i++) void delay('acme', '203.0.113.7')
    expect(await isImmediate(delay, 'acme', '203.0.113.7')).toBe(true)
  })

  it('is the same across an IPv6 network, and for both forms of an IPv4 address', async () => {
    const delay = failureDelay(Date.now, () => new Promise(() => undefined))
    for (let i = 0; i < free; i++) await delay('acme', `2001:db8:1:2::${i.toString(16)}`)
    expect(await isImmediate(delay, 'acme', '2001:db8:1:2:ffff::1')).toBe(false)
    expect(await isImmediate(delay, 'acme', '2001:db8:1:3::1')).toBe(true)
    for (let i = 0; i < free; i++) await delay('acme', i % 2 === 0 ? '203.0.113.9' : '::ffff:203.0.113.9')
    expect(await isImmediate(delay, 'acme', '203.0.113.9')).toBe(false)
  })

  it('is remembered even when many ids are made up', async () => {
    const delay = failureDelay(Date.now, () => new Promise(() => undefined))
    for (let i = 0; i < 49_999; i++) await delay(`old-${i}`, '203.0.113.7')
    for (let i = 0; i < free; i++) await delay('acme', '203.0.113.7')
    for (let i = 0; i < 1_000; i++) await delay(`new-${i}`, '203.0.113.7')
    expect(await isImmediate(delay, 'acme', '203.0.113.7')).toBe(false)
  })
})
