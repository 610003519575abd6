import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ignoreFormat } from '../../../../src/domain/alerting.ts'
import { ruleSource } from '../../../../src/runtime/notifier/rules/faults.ts'
import { hasExpired } from '../../../../src/runtime/notifier/rules/ignore.ts'
import { loadRules } from '../../../../src/runtime/notifier/rules/load.ts'
import { readRule, windowMs } from '../../../../src/runtime/notifier/rules/rule.ts'

const folder = mkdtempSync(join(tmpdir(), 'apigw-rules-'))
afterAll(() => rmSync(folder, { recursive: true }))

const good = `id: mine
severity: low
title: T
why: W
fix: F
pattern: {eventName: [X]}
examples: {matches: [{eventName: X}], misses: [{eventName: Y}]}
`

function load(text: string, name = 'mine.yaml'): unknown {
  const path = join(folder, name)
  writeFileSync(path, text)
  try {
    return loadRules(folder)
  } finally {
    rmSync(path)
  }
}

describe('a rule file', () => {
  it('is read, with defaults for what it leaves out', () => {
    expect(load(good)).toEqual([expect.objectContaining({ id: 'mine', source: 'cloudtrail', digest: false, cis: [] })])
  })

  it.each<[string, string, string]>([
    ['broken YAML', good.replace('[X]', '[X'), 'line'],
    ['no map', 'just words', 'mine.yaml: '],
    ['nothing', '', 'mine.yaml: '],
    ['no id', good.replace('id: mine\n', ''), 'mine.yaml, id: is missing.'],
    ['a strange id', good.replace('id: mine', 'id: My Rule'), 'mine.yaml, line 1, id: is not a valid id'],
    [
      'a name that differs from the file name',
      good.replace('id: mine', 'id: yours'),
      `id: is "yours", and must be the file's name: "mine"`,
    ],
    ['an unknown severity', good.replace('low', 'severe'), 'line 2, severity: must be one of '],
    ['an empty title', good.replace('title: T', "title: ''"), 'title: '],
    ['no reason', good.replace('why: W\n', ''), 'why: '],
    ['no advice', good.replace('fix: F\n', ''), 'fix: '],
    ['a misspelt field', `${good}sevrity: low\n`, 'line 8, sevrity: is not a known field.'],
    ['an unknown source', `${good}source: syslog\n`, 'source: '],
    ['no pattern', good.replace('pattern: {eventName: [X]}\n', ''), 'pattern: '],
    ['an empty pattern', good.replace('{eventName: [X]}', '{}'), 'pattern: is an empty map'],
    ['a pattern with the wrong structure', good.replace('[X]', 'X'), 'pattern.eventName: is neither'],
    ['an unknown operator', good.replace('[X]', '[{perfix: X}]'), 'pattern.eventName[0].perfix: is not an operator'],
    ['a count of one', `${good}threshold: {count: 1, within: 5m}\n`, 'threshold.count: '],
    ['an invalid time', `${good}threshold: {count: 3, within: soon}\n`, 'threshold.within: is not a time such as 30s'],
    ['an invalid member', `${good}threshold: {count: 3, within: 5m, by: ['a b']}\n`, 'threshold.by.0: is not a member'],
    ['an invalid benchmark id', `${good}cis: [three]\n`, 'cis.0: '],
    ['no examples', good.replace(/examples.*\n/, ''), 'examples: is missing'],
    ['no event that misses', good.replace('misses: [{eventName: Y}]', 'misses: []'), 'examples.misses: '],
    ['an example that is not an event', good.replace('{eventName: Y}', '5'), 'examples.misses.0: '],
  ])('with %s is refused, with file and field', (_, text, place) => {
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'rule-invalid', message: expect.stringContaining('mine.yaml'), next: expect.any(String) }),
    )
    expect(() => load(text)).toThrow(place)
  })

  it('is reported by name when its folder does not exist', () => {
    expect(() => loadRules(join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'rule-invalid', message: expect.stringContaining('none') }),
    )
  })
})

it.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
])('a window of %s has %i milliseconds', (within, milliseconds) => {
  expect(windowMs({ count: 2, within, by: [] })).toBe(milliseconds)
})

describe('ignore rules', () => {
  const owned = { owner: 'ops', reason: 'nightly job', expires: '2026-12-31' }

  it('are valid until the end of their last day', () => {
    const ignore = ignoreFormat.parse({ ...owned, rule: 'x' })
    expect(hasExpired(ignore, Date.parse('2026-12-31T23:59:59Z'))).toBe(false)
    expect(hasExpired(ignore, Date.parse('2027-01-01T00:00:00Z'))).toBe(true)
  })

  it.each<[unknown, string]>([
    [{ ...owned }, 'names neither a rule nor a pattern'],
    [{ ...owned, rule: [] }, 'rule'],
    [{ ...owned, rule: 'x', owner: '' }, 'owner'],
    [{ rule: 'x', owner: 'ops', expires: '2026-12-31' }, 'reason'],
    [{ ...owned, rule: 'x', expires: 'never' }, 'is not a day'],
    [{ ...owned, rule: 'x', expires: undefined }, 'expires'],
    [{ ...owned, rule: 'x', until: 'x' }, 'until'],
  ])('%j is refused', (ignore, why) => {
    const { error } = ignoreFormat.safeParse(ignore)
    expect(JSON.stringify(error?.issues)).toContain(why)
  })
})

it('a rule from JSON must meet the same conditions', () => {
  expect(() =>
    readRule({ id: 'x', severity: 'low', title: 'T', why: 'W', fix: 'F', pattern: { a: [] } }, ruleSource('rule 3')),
  ).toThrow(/^rule 3, pattern\.a: /)
})
