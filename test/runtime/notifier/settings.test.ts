import { expect, it } from 'vitest'
import { packSettings, readPackedSettings } from '../../../src/runtime/notifier/index.ts'
import { bridged, example, rules } from './world.ts'

const nothingElse = { ignores: [], channels: {}, filters: [] }
const now = Date.parse('2026-11-25T00:00:00Z')

it('rules are deployed without their examples and notes, and match as before', () => {
  const text = packSettings({ rules, ...nothingElse })
  expect(text).not.toContain('"examples"')
  expect(text).not.toContain('"cisDiffers"')
  // It is read at each cold start.
  expect(text.length).toBeLessThan(65_000)
  const { matches } = readPackedSettings(text).rules.matchesOf(bridged(example('trail-stopped')), now)
  expect(matches.map(({ rule }) => rule.id)).toContain('trail-stopped')
})

it('exceptions are deployed with them', () => {
  const ignores = [{ rule: 'trail-stopped', owner: 'jane', reason: 'a drill', expires: '2026-12-31' }]
  const settings = readPackedSettings(packSettings({ rules, ...nothingElse, ignores }))
  const { matches, held } = settings.rules.matchesOf(bridged(example('trail-stopped')), now)
  expect(matches.map(({ rule }) => rule.id)).not.toContain('trail-stopped')
  expect(held.map(({ rule }) => rule.id)).toEqual(['trail-stopped'])
})

it('equal settings give equal text, so its hash changes only with them', () => {
  expect(packSettings({ rules, ...nothingElse })).toBe(packSettings({ rules: structuredClone(rules), ...nothingElse }))
})

it.each([
  ['{}', 'config-invalid'],
  [JSON.stringify({ version: 1, rules: [{ id: 'x' }], ...nothingElse }), 'rule-invalid'],
  [JSON.stringify({ version: 1, rules: [], ...nothingElse, ignores: [{ rule: 'x' }] }), 'config-invalid'],
])('%s is refused', (text, code) => {
  expect(() => readPackedSettings(text)).toThrow(expect.objectContaining({ code }))
})
