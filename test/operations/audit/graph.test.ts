import { expect, test } from 'vitest'
import { audit } from '../../../src/operations/audit/audit.ts'
import { dot } from '../../../src/operations/audit/graph/dot.ts'
import { graphFrom } from '../../../src/operations/audit/graph/model.ts'
import { html } from '../../../src/operations/audit/report/html.ts'
import { accountOf, accountRoot, allow, now, role, roleArn, service, trusting, user } from './build.ts'

const top = role('top', trusting(accountRoot), [allow('*')])
const audited = (...parts: ReturnType<typeof user>[]) => audit(accountOf(top, ...parts), now)

test('has only principals on a path, and a dashed arrow for what depends', async () => {
  const found = await audited(
    user('idle', [allow('s3:*')]),
    user('mal', [allow('sts:AssumeRole', roleArn('top'))]),
    role('runs', service('lambda'), [allow('*')]),
    user('maybe', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'])]),
  )
  expect(
    graphFrom(found)
      .nodes.map(({ label }) => label)
      .toSorted(),
  ).toEqual(['administrator access', 'role runs', 'role top', 'user mal', 'user maybe'])
  const text = dot(found)
  expect(text.match(/style=dashed/g)).toHaveLength(1)
  expect(text).toMatch(/n\d -> n\d \[label="sts-001, sts:AssumeRole"/)
})

test('shows equal principals as one in a large account', async () => {
  const many = Array.from({ length: 300 }, (_, at) => user(`u${at}`, [allow('sts:AssumeRole', roleArn('top'))]))
  const found = await audited(...many)
  const { nodes, edges, leftOut } = graphFrom(found)
  expect(nodes.map(({ label }) => label)).toEqual(
    ['administrator access', '1 administrator role, such as top', '300 users, such as u0'].map((label) =>
      label.replace('1 administrator role, such as top', 'role top'),
    ),
  )
  expect([edges.length, leftOut]).toEqual([2, 0])
  expect(html(found).match(/<rect/g)).toHaveLength(3)
})

test('names that look like markup stay text, and the page loads nothing', async () => {
  const name = '"><script src=x onerror=alert(1)>\\'
  const found = await audited(user(name, [allow('sts:AssumeRole', roleArn('top'))]))
  const page = html(found)
  // Links to documentation are there, but nothing that a browser fetches by itself.
  expect(page).not.toMatch(/<script|<link|<img|src="|url\(http|@import/)
  expect(page).toContain('&lt;script')
  expect(page).toMatch(/<svg role="img" aria-labelledby="graph-title"[\s\S]*<table><caption>/)
  // The quote and the backslash of the name do not end the string.
  expect(dot(found)).toContain('\\"><script src=x onerror=alert(1)>\\\\"')
})

test('is empty without a path', async () => {
  const found = await audited(user('idle', [allow('s3:*')]))
  expect(graphFrom(found)).toEqual({ nodes: [], edges: [], leftOut: 0 })
  expect(html(found)).not.toContain('<svg')
})
