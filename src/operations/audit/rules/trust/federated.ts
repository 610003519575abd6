import { type KeyState, type Trust, trustOf, value } from '../../../policy/index.ts'
import type { Principal } from '../../account/account.ts'
import type { Rule, RuleInput } from '../rule.ts'

function* federated(
  { account }: RuleInput,
  isIncluded: (provider: string) => boolean,
): Generator<{ role: Principal; provider: string }> {
  for (const role of account.roles) {
    const entries = role.trust?.statements.flatMap(({ effect, principals }) =>
      effect === 'Allow' ? (principals?.entries ?? []) : [],
    )
    const providers = new Set((entries ?? []).filter(({ kind }) => kind === 'Federated').map((entry) => entry.value))
    for (const provider of providers) if (isIncluded(provider)) yield { role, provider }
  }
}

/** The issuer in an OIDC provider ARN, as used in condition keys: `token.actions.githubusercontent.com`. */
function issuerOf(provider: string): string | undefined {
  return /:oidc-provider\/(.+)$/.exec(provider)?.[1] ?? (provider.startsWith('arn:') ? undefined : provider)
}

/** The claims of an unrelated workload at the same issuer: its own subject, and an audience of its choice. */
function strangerAt(issuer: string): ReadonlyMap<string, KeyState> {
  const isGitHub = issuer === 'token.actions.githubusercontent.com'
  const cognito = issuer === 'cognito-identity.amazonaws.com'
  const login = /^(?:accounts\.google\.com|graph\.facebook\.com|www\.amazon\.com)$/.test(issuer)
  return new Map<string, KeyState>([
    [`${issuer}:sub`.toLowerCase(), value(isGitHub ? 'repo:stranger/stranger:ref:refs/heads/main' : 'stranger')],
    // At shared identity providers, the audience is the application ID, which differs for an unrelated workload.
    [`${issuer}:aud`.toLowerCase(), cognito || login ? value('stranger') : { kind: 'chosen' }],
    [`${issuer}:app_id`.toLowerCase(), value('stranger')],
    [`${issuer}:amr`.toLowerCase(), { kind: 'chosen' }],
  ])
}

function isOpen({ named, on }: Trust): boolean {
  return named === 'directly' && on.length === 0
}

export const oidcWithoutSub: Rule = {
  id: 'oidc-without-sub',
  severity: 'critical',
  level: 'trust',
  title: 'OIDC trust without a condition on sub',
  why: 'Without a condition on `sub`, every workload at the issuer can assume the role. For GitHub, that is every repository.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub'],
  templates: true,
  *find(input) {
    for (const { role, provider } of federated(input, (one) => issuerOf(one) !== undefined)) {
      const issuer = issuerOf(provider)
      if (issuer === undefined || role.trust === undefined) continue
      const caller = { kind: 'Federated', provider } as const
      if (!isOpen(trustOf(role.trust, role.arn, caller, 'sts:AssumeRoleWithWebIdentity', strangerAt(issuer)))) continue
      const isGitHub = issuer.startsWith('token.actions.githubusercontent')
      yield {
        resource: role.arn,
        key: provider,
        title: `Any workload at ${issuer} can assume the role ${role.name}`,
        evidence: [provider, 'no condition on sub excludes other workloads'],
        fix: `Add to the trust policy: "Condition": {"StringEquals": {"${issuer}:sub": "${isGitHub ? 'repo:OWNER/REPOSITORY:ref:refs/heads/main' : 'SUBJECT'}"}}, then run: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
      }
    }
  },
}

export const samlWithoutAudience: Rule = {
  id: 'saml-without-audience',
  severity: 'high',
  level: 'trust',
  title: 'SAML trust without a condition on the audience',
  why: 'The role accepts assertions that were issued for a different service.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_saml.html'],
  templates: true,
  *find(input) {
    for (const { role, provider } of federated(input, (one) => one.includes(':saml-provider/'))) {
      if (role.trust === undefined) continue
      const caller = { kind: 'Federated', provider } as const
      const strangerContext = new Map([['saml:aud', value('https://stranger.example/saml')]])
      if (!isOpen(trustOf(role.trust, role.arn, caller, 'sts:AssumeRoleWithSAML', strangerContext))) continue
      yield {
        resource: role.arn,
        key: provider,
        title: `${role.name} accepts SAML assertions for any audience`,
        evidence: [provider, 'no condition on SAML:aud'],
        fix: `Add to the trust policy: "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}, then run: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
      }
    }
  },
}
