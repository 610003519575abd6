import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alert } from '../../../src/runtime/notifier/alert.ts'
import { code, cut, escaped, plainLine, words } from '../../../src/runtime/notifier/slack/escape.ts'
import { alertMessage, type Block, digestMessage, plainMessage } from '../../../src/runtime/notifier/slack/message.ts'

function alert(more: Partial<Alert> = {}): Alert {
  return {
    key: 'activity:1',
    rule: 'trail-stopped',
    also: [],
    severity: 'critical',
    title: 'CloudTrail was stopped, deleted or changed',
    why: 'Without it, what comes next is not visible.',
    fix: 'Start it again.',
    facts: [
      { label: 'Who', value: 'arn:aws:iam::123456789012:user/eve' },
      { label: 'What', value: 'cloudtrail:StopLogging' },
    ],
    link: 'https://ap-northeast-2.console.aws.amazon.com/cloudtrailv2/home?region=ap-northeast-2#/events/x',
    at: Date.parse('2026-11-25T01:02:03Z'),
    group: 'g',
    test: false,
    ...more,
  }
}

const textsOf = (block: Block): string[] =>
  block.type === 'context'
    ? block.elements.map(({ text }) => text)
    : 'fields' in block
      ? block.fields.map(({ text }) => text)
      : [block.text.text]

it('shows severity, what, who, and where to look', () => {
  const message = alertMessage(alert())
  expect(message.text).toBe('*CRITICAL* · CloudTrail was stopped, deleted or changed')
  const [attachment] = message.attachments ?? []
  expect(attachment?.color).toBe('#b00020')
  const said = attachment?.blocks.flatMap(textsOf).join('\n')
  expect(said).toContain('*Who*\n`arn:aws:iam::123456789012:user/eve`')
  expect(said).toContain('*Do:* Start it again.')
  expect(said).toContain('|AWS console>')
  expect(attachment?.fallback).toContain('Who: arn:aws:iam::123456789012:user/eve')
})

it('marks a test message', () => {
  expect(alertMessage(alert({ test: true })).text).toMatch(/^TEST · /)
})

describe('text from outside', () => {
  it.each(['<!channel>', '<!here>', '<@U012345>', '<https://evil.example|Sign in>', '&lt;!channel&gt;'])(
    'cannot mention or link: %s',
    (name) => {
      const message = alertMessage(alert({ title: name, why: name, facts: [{ label: 'Who', value: name }] }))
      const all = JSON.stringify(message)
      expect(all).not.toContain(name)
      expect(all).not.toMatch(/<[!@#](?!date)|<https:\/\/evil/)
    },
  )

  it('cannot end the code span that contains it', () => {
    expect(code('a` *bold* `b', 100)).toBe("`a' *bold* 'b`")
  })

  it('cannot add bold, italic, strikethrough or code to a message', () => {
    expect(words('*a*', 50)).not.toContain('*a*')
    expect(words('_a_ ~b~ `c`', 50)).not.toMatch(/[\w ][_~`]\w|^_/)
  })

  it('cannot reverse the text direction, hide, or begin a line', () => {
    expect(plainLine('adm\u202Enimda\u200B\n*CRITICAL*\u0007', 100)).toBe('adm nimda *CRITICAL*')
  })

  it('is truncated without splitting a character', () => {
    expect(cut('ab😀cd', 4)).toBe('ab…')
    expect(cut('ab😀cd', 5)).toBe('ab😀…')
  })

  it('never exceeds a limit of Slack, whatever its kind and length', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 5_000 }),
      fc.string({ unit: 'binary', maxLength: 500 }),
      fc.constant('<'.repeat(20_000)),
    )
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 15 }), (title, why, values) => {
        const message = alertMessage(alert({ title, why, fix: why, facts: values.map((value) => ({ label: 'Who', value })) }))
        expect(JSON.stringify(message).length).toBeLessThan(12_000)
        const blocks = message.attachments?.[0]?.blocks ?? []
        expect(blocks.length).toBeLessThanOrEqual(50)
        for (const block of blocks) {
          if ('fields' in block) expect(block.fields.length).toBeLessThanOrEqual(10)
          for (const one of textsOf(block)) {
            expect(one.length).toBeLessThanOrEqual('fields' in block ? 2_000 : 3_000)
            expect(one.replace(/<(?:!date\^[^>]*|https:\/\/[^>|]*\|AWS console)>/g, '')).not.toMatch(/[<>]/)
          }
        }
        expect(plainMessage(message).text.length).toBeLessThanOrEqual(3_000)
      }),
      { numRuns: 300 },
    )
  })

  it('is escaped as Slack requires', () => {
    expect(escaped('a & b < c > d')).toBe('a &amp; b &lt; c &gt; d')
  })
})

describe('a digest', () => {
  const burst = (rule: string, count: number) => ({
    rule,
    severity: 'low' as const,
    title: `Rule ${rule}`,
    count,
    from: 0,
    to: 60_000,
    actors: [{ name: 'eve', count }],
    actions: [{ name: 'ec2:RunInstances', count }],
  })

  it('counts all alerts and names who and what', () => {
    const message = digestMessage([burst('a', 7), burst('b', 3)])
    expect(message.text).toBe('*DIGEST* · 10 alerts of 2 kinds')
    expect(JSON.stringify(message)).toContain('*7×* Rule a — `ec2:RunInstances` ×7 by `eve` ×7')
  })

  it('stays below the limits, however many kinds there are', () => {
    const message = digestMessage(Array.from({ length: 500 }, (_, at) => burst(`${'x'.repeat(200)}${at}`, 1)))
    expect(JSON.stringify(message).length).toBeLessThan(12_000)
    expect(JSON.stringify(message)).toContain('and 480 more kinds')
  })
})
