import { describe, expect, it } from 'vitest'
import { windowsAt } from '../../../../src/domain/calendar.ts'
import type { ThresholdNotice } from '../../../../src/domain/threshold-notice.ts'
import { type Left, Thresholds } from '../../../../src/runtime/gateway/messages/thresholds.ts'
import type { Owner, SideEvent } from '../../../../src/runtime/ports/index.ts'

const owner: Owner = { customer: 'acme', environment: 'live' }
const noon = Date.parse('2026-11-23T12:00:00+09:00')
const dayMs = 86_400_000

/** A ledger that many processes share. */
function newLedger() {
  const events = new Map<string, SideEvent>()
  const state = { asked: 0, broken: false }
  const addEvent = async (_owner: Owner, event: SideEvent): Promise<boolean> => {
    state.asked += 1
    if (state.broken) throw new Error('away')
    const isNew = !events.has(event.key)
    if (isNew) events.set(event.key, event)
    return isNew
  }
  const notices: ThresholdNotice[] = []
  const addNotice = async (notice: ThresholdNotice): Promise<void> => void notices.push(notice)
  return { addEvent, addNotice, events, notices, state }
}

function left(day: number, month: number, now = noon): Left {
  const quota = { day: 100, month: 1_000 }
  return { remaining: { quota, rate: 0, rateResetUs: 0, day, month }, windows: windowsAt('Asia/Seoul', now), now }
}

describe('a threshold', () => {
  it('is noted at 80 and 100 percent, once a window, by any number of processes', async () => {
    const ledger = newLedger()
    const processes = [new Thresholds(ledger), new Thresholds(ledger)]
    for (const one of processes) for (const day of [50, 21, 20, 19, 0, 0]) await one.look(owner, left(day, 500))
    expect([...ledger.events.keys()]).toEqual(['quota#day#2026-11-23#80', 'quota#day#2026-11-23#100'])
    // Each process asked once for each, and then remembered.
    expect(ledger.state.asked).toBe(4)
    expect(ledger.events.get('quota#day#2026-11-23#80')?.event).toMatchObject({
      type: 'quota.threshold',
      at: noon,
      data: { window: 'day', percent: 80, used: 80, limit: 100, resetsAt: '2026-11-23T15:00:00.000Z', environment: 'live' },
    })
    expect(ledger.notices[0]).toEqual({
      key: 'quota#day#2026-11-23#80',
      ...owner,
      window: 'day',
      percent: 80,
      used: 80,
      limit: 100,
      resetsAt: Date.parse('2026-11-23T15:00:00Z'),
      at: noon,
    })
    await processes[0]?.look(owner, left(20, 0, noon + dayMs))
    expect([...ledger.events.keys()].slice(2)).toEqual([
      'quota#day#2026-11-24#80',
      'quota#month#2026-11#80',
      'quota#month#2026-11#100',
    ])
    expect(new Set([...ledger.events.values()].map(({ event }) => event.id)).size).toBe(5)
  })

  it('that could not be noted is noted by a later call, and no call fails or asks each time', async () => {
    const ledger = newLedger()
    const one = new Thresholds(ledger)
    ledger.state.broken = true
    for (const seconds of [0, 1, 59]) await one.look(owner, left(10, 500, noon + seconds * 1_000))
    expect(ledger.state.asked).toBe(1)
    ledger.state.broken = false
    await one.look(owner, left(10, 500, noon + 60_000))
    expect([...ledger.events.keys()]).toEqual(['quota#day#2026-11-23#80'])
  })

  it('does not wait for a ledger that hangs', async () => {
    await new Thresholds({ addEvent: () => new Promise(() => undefined), addNotice: () => Promise.resolve() }).look(
      owner,
      left(0, 500),
    )
  })
})
