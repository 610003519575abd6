import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { withAccepted } from '../../../src/operations/audit/accept.ts'
import { type Audit, audit } from '../../../src/operations/audit/audit.ts'
import { earlierFindings, readBaseline, staleEntries, suppressed } from '../../../src/operations/audit/baseline.ts'
import type { Finding } from '../../../src/operations/audit/finding.ts'
import { csv } from '../../../src/operations/audit/report/csv.ts'
import { grouped } from '../../../src/operations/audit/report/group.ts'
import { html } from '../../../src/operations/audit/report/html.ts'
import { markdown } from '../../../src/operations/audit/report/markdown.ts'
import { gitHubLimits, sarif } from '../../../src/operations/audit/report/sarif.ts'
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
    suppressed(whole.findings, readBaseline(accepted(accept, expires), 'baseline.yaml', now), now).filter(
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
      staleEntries(whole.findings, readBaseline(accepted(accept, expires), 'x', now), now)
    expect(stale('{rule: unused-policy}', '2020-01-01')).toEqual([
      '"break glass" (jane) expired on 2020-01-01: 1 finding counts again.',
    ])
    expect(stale('{rule: unused-policy}', '2026-12-01')).toEqual(['"break glass" (jane) expires on 2026-12-01.'])
    expect(stale('{rule: nothing}')).toEqual([expect.stringMatching(/no longer matches a finding/)])
    expect(stale('{rule: unused-policy}')).toEqual([])
  })
  test.each([
    ['no owner', accepted('{rule: x}').replace('owner: jane', 'own: jane'), /accepted\.0/],
    ['an empty filter', accepted('{}'), /would accept everything/],
    ['a misspelled field', accepted('{rul: x}'), /accepted\.0\.accept/],
    ['an invalid date', accepted('{rule: x}', 'never'), /baseline\.yaml, line \d+, accepted\.0\.expires: is not a date/],
    ['more than a year', accepted('{rule: x}', '2027-11-25'), /line \d+, accepted\.0\.expires: is more than 365 days from now/],
    ['invalid YAML', 'version: [', /line \d/],
  ])('%s is refused', (_name, text, expected) => {
    expect(() => readBaseline(text, 'baseline.yaml', now)).toThrow(expected)
    expect(() => readBaseline(text, 'baseline.yaml', now)).toThrow(Problem)
  })
  test('reads the finding IDs of an earlier run', () => {
    expect(earlierFindings(JSON.stringify(whole), 'before.json')).toHaveLength(whole.findings.length)
    expect(() => earlierFindings('no', 'before.json')).toThrow(/not the JSON output of an earlier run/)
  })
})

describe('accepting findings', () => {
  const escalation = whole.findings.find(({ rule }) => rule === 'escalation') as Finding
  const acceptance = { ids: [escalation.id], owner: 'jane', reason: 'known: "x"', expires: '2027-02-01' }
  const text = withAccepted(undefined, 'b.yaml', whole.findings, acceptance, now)
  const open = (findings: readonly Finding[], file = text) =>
    suppressed(findings, readBaseline(file, 'b.yaml', now), now)[0]?.suppressed

  test('covers the finding as it is, and not one that is more severe or has another path', () => {
    expect(open([escalation])).toEqual({ owner: 'jane', reason: 'known: "x"', expires: '2027-02-01' })
    expect(open([{ ...escalation, severity: 'low' }])).not.toBeNull()
    const worse = { ...escalation, severity: 'critical' as const }
    const other = { ...escalation, variant: '00000000' }
    expect([open([worse]), open([other])]).toEqual([null, null])
    const stale = (finding: Finding) => staleEntries([finding], readBaseline(text, 'b.yaml', now), now)
    expect(stale(worse)).toEqual([
      expect.stringMatching(/does not cover escalation-\w+: it is critical now, and high was accepted/),
    ])
    expect(stale(other)).toEqual([expect.stringMatching(/it has a different path from the one that was accepted/)])
    expect(stale(escalation)).toEqual([])
  })
  test('another path changes the variant of a finding, and not its id', async () => {
    const by = async (action: string) =>
      (await audit(accountOf(user('=cmd', [allow(action)])), now)).findings.find(({ rule }) => rule === 'escalation')
    const [put, attach] = [await by('iam:PutUserPolicy'), await by('iam:AttachUserPolicy')]
    expect(put).toMatchObject({ id: escalation.id, variant: escalation.variant })
    expect(attach?.id).toBe(escalation.id)
    expect(attach?.variant).not.toBe(escalation.variant)
  })
  test('keeps the rest of the file, replaces an entry for the same finding, and refuses what is not there', () => {
    const file = `# ours\n${accepted('{rule: unused-policy}')}`
    const once = withAccepted(file, 'b.yaml', whole.findings, acceptance, now)
    const twice = withAccepted(once, 'b.yaml', whole.findings, { ...acceptance, expires: '2027-03-01' }, now)
    expect(twice).toMatch(/^# ours\n/)
    expect(readBaseline(twice, 'b.yaml', now).accepted.map(({ expires }) => expires)).toEqual(['2027-01-01', '2027-03-01'])
    const refuse = (more: Partial<typeof acceptance>) => () =>
      withAccepted(file, 'b.yaml', whole.findings, { ...acceptance, ...more }, now)
    expect(refuse({ ids: ['nothing-1'] })).toThrow(/No finding has the id nothing-1/)
    expect(refuse({ expires: '2030-01-01' })).toThrow(/more than 365 days/)
  })
})

describe('formats', () => {
  test('each has every finding, accepted ones with who, why and until when', () => {
    const [first, ...rest] = whole.findings
    const mixed = {
      ...whole,
      findings: [{ ...(first as Finding), suppressed: { owner: 'jane', reason: 'known <b>', expires: '2027-01-01' } }, ...rest],
    }
    for (const [name, write] of Object.entries({ csv, html, markdown })) {
      const text = write(mixed)
      const lacking = mixed.findings.filter(({ id }) => !text.includes(id)).map(({ id }) => id)
      expect({ name, lacking, jane: text.includes('jane') }).toEqual({ name, lacking: [], jane: true })
    }
    // GitHub shows a suppressed result as an open alert.
    const { results } = JSON.parse(sarif(mixed, '1.0.0', 'iam')).runs[0]
    expect(results.map((one: { partialFingerprints: Record<string, string> }) => one.partialFingerprints['apigw/v1'])).toEqual(
      rest.map(({ id }) => id),
    )
  })
  test('SARIF: keeps the limits of GitHub', () => {
    const [finding] = whole.findings
    const many = Array.from({ length: 401 }, (_, at) => ({
      ...(finding as Finding),
      id: `x-${at}`,
      title: at === 0 ? 'x'.repeat(9_000) : 'x',
      evidence: [],
    }))
    const [run] = JSON.parse(
      sarif({ ...whole, findings: many, missing: ['y'] }, '1.0.0', 'iam', { ...gitHubLimits, results: 400 }),
    ).runs
    expect(run.results).toHaveLength(400)
    expect(run.results[0].message.text).toHaveLength(8_192)
    const notes = run.invocations[0].toolExecutionNotifications.map(({ message }: { message: { text: string } }) => message.text)
    expect(notes).toEqual(['Not audited: y', expect.stringMatching(/^1 findings of lower severity are left out/)])
    const hashes = new Set(
      run.results.map((one: { partialFingerprints: Record<string, string> }) => one.partialFingerprints.primaryLocationLineHash),
    )
    expect(hashes.size).toBe(400)
    expect(gitHubLimits).toEqual({ results: 25_000, bytes: 10_000_000 })
    const bytes = gzipSync(sarif({ ...whole, findings: many }, '1.0.0', 'iam')).length - 1
    const few = JSON.parse(sarif({ ...whole, findings: many }, '1.0.0', 'iam', { results: 400, bytes })).runs[0].results
    expect(few.length).toBeGreaterThan(0)
    expect(few.length).toBeLessThan(400)
    for (const { id, shortDescription, fullDescription, help, properties } of run.tool.driver.rules) {
      expect(id.length).toBeLessThanOrEqual(255)
      expect(shortDescription.text.length).toBeLessThanOrEqual(1_024)
      expect(fullDescription.text.length).toBeLessThanOrEqual(1_024)
      expect(help.text).not.toBe('')
      expect(properties.tags.length).toBeLessThanOrEqual(20)
    }
  })
  test.each([
    ['account.json', 'account.json'],
    ['./my files/a#b.json', 'my%20files/a%23b.json'],
    ['/home/me/account.json', 'account.json'],
    ['..\\x\\account.json', 'account.json'],
    ['-', 'stdin'],
  ])('SARIF: the file %s is named %s, relative to the repository', (path, uri) => {
    const [run] = JSON.parse(sarif(whole, '1.0.0', path)).runs
    expect(run.results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(uri)
  })
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
    expect(lines[0]).toMatch(/^"id","severity","rule","resource"/)
    const titled = (title: string) => csv({ ...whole, findings: [{ ...(whole.findings[0] as Finding), title }] })
    expect(titled('=HYPERLINK("x")')).toContain(`"'=HYPERLINK(""x"")"`)
    for (const sign of ['+', '-', '@', '\t=', ' =', '\n=', '＝']) expect(titled(`${sign}cmd`)).toContain(`"'${sign}cmd"`)
    // Excel of other languages separates by semicolons: every cell is in quotes.
    expect(lines.every((line) => line.startsWith('"') && line.endsWith('"'))).toBe(true)
  })
  test('HTML: untrusted text is escaped, and there are no external resources', () => {
    const page = html(whole)
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toMatch(/<(?:script|link|iframe)|src="/)
    expect(page).toContain(`content="default-src 'none'`)
    expect(html({ ...whole, findings: [{ ...(whole.findings[0] as Finding), title: 'a\u{202E}b\u{0}c' }] })).toContain('abc')
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
