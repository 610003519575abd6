import { describe, expect, it } from 'vitest'
import { nextText } from '../../../src/domain/next-step.ts'
import type { Status } from '../../../src/domain/report.ts'
import { explained } from '../../../src/operations/messages/index.ts'
import type { MessageRecord } from '../../../src/runtime/ports/index.ts'

const now = Date.parse('2026-11-23T03:00:00Z')
const hour = 3_600_000
const owner = { customer: 'acme', environment: 'live' } as const
const id = '7ZQ4M8K2X1V9B3N5C6D0F8G2HA'
const facts = { acceptedAt: now - 9_000, type: 'lms', purpose: 'ad', units: 3, queue: 'carrier-a' } as const
const noted = (status: Status = 'queued', at = now - 5_000) => ({ id, status, at })
const ended = (status: Status, code?: string) => ({ id, status, at: now - 1_000, ...(code !== undefined && { code }) })

function text(record: Partial<MessageRecord>): string {
  const { events, now: where, why = '', next = '' } = explained(owner, { id, facts, ...record }, now)
  return [...events.map(({ what }) => what), where, why, nextText(next)].join('\n')
}

describe('a message is explained', () => {
  it.each<[string, Partial<MessageRecord>, RegExp[]]>([
    [
      'with the carrier',
      { noted: noted() },
      [/accepted it \(LMS, purpose ad, 3 units\)/, /table of the carrier of queue carrier-a/, /not reported/],
    ],
    ['late', { noted: noted('queued', now - 3 * hour) }, [/not reported anything for 3 hours/, /apigw doctor/]],
    [
      'held',
      { facts: { ...facts, units: 1, sendAt: now + hour }, noted: noted('scheduled') },
      [/purpose ad, 1 unit\)/, /holds it/, /held until 2026-11-23T04:00:00.000Z/],
    ],
    ['due', { facts: { ...facts, sendAt: now - 1 }, noted: noted('scheduled') }, [/It is due/]],
    ['delivered', { noted: noted(), outcome: ended('delivered', '0000') }, [/delivered\./, /apigw report list acme --env live/]],
    [
      'delivered by its fallback',
      { facts: { ...facts, type: 'alimtalk' }, outcome: { ...ended('delivered'), channel: 'lms' } },
      [/\(ALIMTALK, /, /delivered \(lms\)/],
    ],
    [
      'without a place in the table',
      { outcome: ended('rejected', 'alimtalk-not-taken') },
      [/no columns for an alimtalk/, /apigw schema status/],
    ],
    ['failed', { noted: noted(), outcome: ended('failed', '4410') }, [/not delivered/, /Code 4410 of the carrier/]],
    ['expired', { outcome: ended('expired') }, [/not sent/, /ttl had run out/]],
    [
      'rejected',
      { noted: noted(), outcome: ended('rejected', 'invalid') },
      [/refused/, /does not take its row/, /apigw schema status/],
    ],
    ['suppressed', { outcome: ended('failed', 'recipient-suppressed') }, [/opted out/, /apigw suppression list acme/]],
    ['cancelled', { outcome: ended('cancelled') }, [/cancelled it/, /given back/]],
    ['of an earlier version', { facts: {}, noted: noted() }, [/wrote it into the table of the carrier\n/]],
    ['with a code from an object', { outcome: ended('failed', 'constructor') }, [/Code constructor of the carrier/]],
  ])('%s', (_, record, patterns) => {
    for (const pattern of patterns) expect(text(record)).toMatch(pattern)
  })

  it('a row that the table refused was not written', () => {
    expect(text({ noted: noted(), outcome: ended('rejected', 'invalid') })).not.toContain('wrote it')
  })

  it('events are in the order in which they happened', () => {
    const { events } = explained(owner, { id, facts, noted: noted(), outcome: ended('delivered') }, now)
    expect(events.map(({ at }) => at)).toEqual([now - 9_000, now - 5_000, now - 1_000])
  })
})
