import { describe, expect, test } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { type Audit, audit } from '../../../src/operations/audit/audit.ts'
import { earlierIds, readBaseline, staleEntries, suppressed } from '../../../src/operations/audit/baseline.ts'
import type { Finding } from '../../../src/operations/audit/finding.ts'
import { csv } from '../../../src/operations/audit/report/csv.ts'
import { grouped } from '../../../src/operations/audit/report/group.ts'
import { html } from '../../../src/operations/audit/report/html.ts'
import { markdown } from '../../../src/operations/audit/report/markdown.ts'
import { sarif } from '../../../src/operations/audit/report/sarif.ts'
import { accountOf, allow, now, policy, role, service, trusting, user, userArn } from './build.ts'

const hostile = '<img src=x onerror=alert(1)>|`*[x](y)'
const whole = await audit(
  accountOf(
    user('a', [allow('*')]),
    user('=cmd', [allow('iam:PutUserPolicy')]),
    role('b', trusting('*')),
    role('c', service('ec2'), [{ Effect: 'Allow', Action: 's3:GetObject', Resource: hostile, Sid: hostile }]),
    policy('p', [allow('s3:GetObject', 'arn:aws:s3:::x/*')], { attachments: 0 }),
  ),
  now,
)

const accepted = (accept: string, expires = '2027-01-01'): string =>
  `version: 1\naccepted:\n  - owner: jane\n    reason: break glass\n    expires: ${expires}\n    accept: ${accept}\n`

describe('a baseline', () => {
  const held = (accept: string, expires?: string): Finding[] =>
    suppressed(whole.findings, readBaseline(accepted(accept, expires), 'baseline.yaml'), now).filter(
      (finding) => finding.suppressed !== null,
    )
  const [first] = whole.findings

  test.each([
    ['by id', `{id: ${first?.id}}`, [first?.id]],
    ['by rule', '{rule: unused-policy}', whole.findings.filter(({ rule }) => rule === 'unused-policy').map(({ id }) => id)],
    [
      'by resource, with wildcards',
      `{resource: "${userArn('?')}", severity: critical}`,
      whole.findings.filter(({ resource, severity }) => resource === userArn('a') && severity === 'critical').map(({ id }) => id),
    ],
    [
      'any',
      '{any: [{rule: unused-policy}, {rule: trust-any-principal}]}',
      whole.findings.filter(({ rule }) => rule === 'unused-policy' || rule === 'trust-any-principal').map(({ id }) => id),
    ],
    ['all', '{all: [{rule: unused-policy}, {rule: trust-any-principal}]}', []],
    [
      'any in all',
      `{all: [{severity: critical}, {any: [{resource: "*role/b"}, {resource: "*role/x"}]}]}`,
      whole.findings
        .filter(({ severity, resource }) => severity === 'critical' && resource.endsWith('role/b'))
        .map(({ id }) => id),
    ],
  ])('%s', (_name, accept, expected) => {
    expect(held(accept).map(({ id }) => id)).toEqual(expected)
  })
  test('is valid until the end of its last day', () => {
    expect(held('{rule: unused-policy}', '2026-11-24')).toHaveLength(1)
    expect(held('{rule: unused-policy}', '2026-11-23')).toHaveLength(0)
  })
  test('keeps the owner and the reason', () => {
    expect(held('{rule: unused-policy}')[0]?.suppressed).toEqual({ owner: 'jane', reason: 'break glass', expires: '2027-01-01' })
  })
  test('reports expired entries and entries without a match', () => {
    const stale = (accept: string, expires?: string) =>
      staleEntries(whole.findings, readBaseline(accepted(accept, expires), 'x'), now)
    expect(stale('{rule: unused-policy}', '2020-01-01')).toEqual(['"break glass" (jane) expired on 2020-01-01.'])
    expect(stale('{rule: nothing}')).toEqual([expect.stringMatching(/no longer matches a finding/)])
    expect(stale('{rule: unused-policy}')).toEqual([])
  })
  test.each([
    ['no owner', accepted('{rule: x}').replace('owner: jane', 'own: jane'), /accepted\.0/],
    ['an empty filter', accepted('{}'), /would accept everything/],
    ['a misspelled field', accepted('{rul: x}'), /accepted\.0\.accept/],
    ['an invalid date', accepted('{rule: x}', 'never'), /baseline\.yaml, line \d+, accepted\.0\.expires: is not a date/],
    ['invalid YAML', 'version: [', /line \d/],
  ])('%s is refused', (_name, text, expected) => {
    expect(() => readBaseline(text, 'baseline.yaml')).toThrow(expected)
    expect(() => readBaseline(text, 'baseline.yaml')).toThrow(Problem)
  })
  test('reads the finding IDs of an earlier run', () => {
    expect(earlierIds(JSON.stringify(whole), 'before.json').size).toBe(whole.findings.length)
    expect(() => earlierIds('no', 'before.json')).toThrow(/not the JSON output of an earlier run/)
  })
})

describe('formats', () => {
  test('groups findings by resource, most severe first', () => {
    const groups = grouped(whole.findings)
    expect(groups[0]?.findings[0]?.severity).toBe('critical')
    expect(groups.at(-1)?.findings[0]?.severity).toBe('low')
    expect(new Set(groups.map(({ resource }) => resource)).size).toBe(groups.length)
  })
  test('SARIF: each finding refers to a listed rule and has a stable fingerprint', () => {
    const [run] = JSON.parse(sarif(whole, '1.0.0', 'account.json')).runs
    const rules = new Set(run.tool.driver.rules.map(({ id }: { id: string }) => id))
    expect(run.results).toHaveLength(whole.findings.length)
    for (const result of run.results) {
      expect(rules).toContain(result.ruleId)
      expect(result.partialFingerprints['apigw/v1']).toMatch(/^[a-z-]+-[0-9a-f]{12}$/)
      expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('account.json')
    }
  })
  test('CSV: a row for each finding, without formulas', () => {
    const lines = csv(whole).trimEnd().split('\r\n')
    expect(lines[0]).toMatch(/^id,severity,rule,resource/)
    expect(csv({ ...whole, findings: [{ ...(whole.findings[0] as Finding), title: '=HYPERLINK("x")' }] })).toContain(
      `"'=HYPERLINK(""x"")"`,
    )
  })
  test('HTML: untrusted text is escaped, and there are no external resources', () => {
    const page = html(whole)
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toMatch(/<(?:script|link|iframe)|src="/)
  })
  test('Markdown: untrusted text is escaped', () => {
    // Code spans contain no markup.
    expect(markdown(whole).replaceAll(/`[^`]*`/g, '')).not.toMatch(/(?<!\\)<img/)
    expect(markdown(whole)).toContain('\\<img src=x onerror=alert(1)\\>')
  })
  test('writes a report for an account without findings', () => {
    const empty: Audit = { ...whole, findings: [] }
    expect(html(empty)).toContain('No findings.')
    expect(csv(empty).split('\r\n')).toHaveLength(2)
  })
})
