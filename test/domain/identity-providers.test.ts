import { describe, expect, test } from 'vitest'
import { namesOwner, sharedProvider } from '../../src/domain/identity-providers.ts'
import { audit } from '../../src/operations/audit/audit.ts'
import { trustsEveryProject } from '../../src/runtime/notifier/rules/trust.ts'
import { account, accountOf, now, role } from '../operations/audit/build.ts'

const github = 'token.actions.githubusercontent.com'
const trust = (issuer: string, claim: string, value: string): Record<string, unknown> => ({
  Effect: 'Allow',
  Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${issuer}` },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { StringLike: { [`${issuer}:${claim}`]: value } },
})

describe('the one table of shared identity providers', () => {
  test.each([
    [github, 'sub', 'repo:acme/*', true],
    [github, 'sub', 'repo:*/deploy:*', false],
    [github, 'sub', 'repo:acme*', false],
    [github, 'sub', 'repository_owner_id:123', true],
    [github, 'sub', 'repository_owner_id:*', false],
    [github, 'sub', 'ref:refs/heads/main', false],
    [github, 'repository_owner', 'acme', true],
    [github, 'repository', '*/api', false],
    ['gitlab.com', 'sub', 'project_path:acme/*', true],
    ['gitlab.com', 'sub', 'project_path:*', false],
    ['gitlab.com', 'namespace_id', '7', true],
    ['app.terraform.io', 'sub', 'organization:acme:project:*', true],
    ['app.terraform.io', 'sub', 'organization:*', false],
    ['agent.buildkite.com', 'sub', 'organization:acme:pipeline:x', true],
    ['agent.buildkite.com', 'sub', 'organization:*', false],
  ])('alerts and audit agree about %s:%s = %s', async (issuer, claim, value, isOwned) => {
    const provider = sharedProvider(issuer)
    const statement = trust(issuer, claim, value)
    const { findings } = await audit(accountOf(role('ci', statement)), now)
    expect({
      table: provider !== undefined && namesOwner(provider, claim, value),
      alerts: !trustsEveryProject(statement),
      audit: !findings.some(({ rule }) => rule === 'oidc-without-sub'),
    }).toEqual({ table: isOwned, alerts: isOwned, audit: isOwned })
  })
  test('applications that anyone can sign in to are named by their id', () => {
    const google = (Condition: object) =>
      trustsEveryProject({ Effect: 'Allow', Principal: { Federated: 'accounts.google.com' }, Condition })
    expect(google({})).toBe(true)
    expect(google({ StringEquals: { 'accounts.google.com:aud': '123.apps.googleusercontent.com' } })).toBe(false)
  })
  test('an issuer of one organization is not shared', () => {
    expect(sharedProvider('oidc.circleci.com/org/123')).toBeUndefined()
    expect(trustsEveryProject(trust(`${github}/acme`, 'sub', 'repo:*'))).toBe(false)
    expect(trustsEveryProject(trust('oidc.eks.eu-west-1.amazonaws.com/id/1', 'sub', '*'))).toBe(false)
  })
})
