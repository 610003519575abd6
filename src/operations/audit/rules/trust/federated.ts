import { type SharedProvider, sharedProvider } from '../../../../domain/identity-providers.ts'
import { absent, type KeyState, type Policy, type Trust, trustOf, value } from '../../../policy/index.ts'
import type { Principal } from '../../account/account.ts'
import type { Rule, RuleInput } from '../rule.ts'
import { strangeClaims, strangeSubjects, valuesOf } from './strangers.ts'

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

const chosenClaims = ['actor', 'environment', 'event_name', 'job_workflow_ref', 'ref', 'workflow']

/** The claims that say whose a stranger's workload is: not those of the policy's owner. */
function ownerClaims(subject: string, { owners }: SharedProvider): [string, KeyState][] {
  const [, owner = 'stranger', repository = 'stranger'] = /^repo:([^/:]+)\/([^:]+)/.exec(subject) ?? []
  const known: Readonly<Record<string, KeyState>> = {
    sub: value(subject),
    repository: value(`${owner}/${repository}`),
    repository_owner: value(owner),
    enterprise: absent,
    enterprise_id: absent,
  }
  return Object.entries(owners).map(([name, end]) => {
    const stranger = name.endsWith('_id') && name !== 'app_id' ? '1' : 'stranger'
    return [name, known[name] ?? value(end === '' ? stranger : `${stranger}${end}${stranger}`)]
  })
}

/** The claims of an unrelated workload at the same issuer: its own subject, and an audience of its choice. */
function strangerAt(issuer: string, subject: string): ReadonlyMap<string, KeyState> {
  const provider = sharedProvider(issuer)
  const claims: [string, KeyState][] = [
    ['sub', value(subject)],
    ['aud', { kind: 'chosen' }],
    ['amr', { kind: 'chosen' }],
    ...[...chosenClaims, ...(provider?.unowned ?? [])].map((name): [string, KeyState] => [name, { kind: 'chosen' }]),
    ...(provider === undefined ? [] : ownerClaims(subject, provider)),
  ]
  return new Map(claims.map(([name, state]) => [`${issuer}:${name}`.toLowerCase(), state]))
}

/** The subjects to try: an unrelated one, and those of strangers that the policy's own patterns match. */
function subjectsOf(trust: Policy, issuer: string): string[] {
  const unrelated = issuer.startsWith('token.actions.githubusercontent.com')
    ? 'repo:stranger/stranger:ref:refs/heads/main'
    : 'stranger'
  return [unrelated, ...valuesOf(trust, `${issuer}:sub`).flatMap((pattern) => strangeSubjects(issuer, pattern))]
}

function isOpen({ named, on }: Trust): boolean {
  return named === 'directly' && on.length === 0
}

export const oidcWithoutSub: Rule = {
  id: 'oidc-without-sub',
  severity: 'critical',
  level: 'trust',
  title: 'OIDC trust that strangers meet',
  why: 'If no condition on `sub` names the owner, workloads of strangers at the issuer can assume the role. For GitHub, those are repositories of anyone.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub'],
  templates: true,
  *find(input) {
    for (const { role, provider } of federated(input, (one) => issuerOf(one) !== undefined)) {
      const issuer = issuerOf(provider)
      if (issuer === undefined || role.trust === undefined) continue
      const { trust, arn } = role
      const caller = { kind: 'Federated', provider } as const
      const claims = strangeClaims(issuer, trust)
      const witness = subjectsOf(trust, issuer).find((subject) => {
        const stranger = strangerAt(issuer, subject)
        return [stranger, new Map([...stranger, ...claims])].some((context) =>
          isOpen(trustOf(trust, arn, caller, 'sts:AssumeRoleWithWebIdentity', context)),
        )
      })
      if (witness === undefined) continue
      const isCluster = sharedProvider(issuer)?.others === 'cluster'
      const isGitHub = issuer.startsWith('token.actions.githubusercontent')
      yield {
        resource: role.arn,
        key: provider,
        title: `${isCluster ? 'Any service account of the cluster' : `Any workload at ${issuer}`} can assume the role ${role.name}`,
        ...(isCluster && { severity: 'high' }),
        evidence: [provider, `no condition on sub excludes other workloads: ${witness} passes`],
        fix: `Add to the trust policy: "Condition": {"StringEquals": {"${issuer}:sub": "${isGitHub ? 'repo:OWNER/REPOSITORY:ref:refs/heads/main' : 'SUBJECT'}"}}, then run: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
      }
    }
  },
}

const cognito = 'cognito-identity.amazonaws.com'

export const cognitoGuests: Rule = {
  id: 'cognito-guests',
  severity: 'medium',
  level: 'trust',
  title: 'Role for guests of a Cognito identity pool',
  why: 'If the pool allows guests, anyone on the internet gets the permissions of the role without signing in.',
  references: ['https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html'],
  templates: true,
  *find(input) {
    for (const { role, provider } of federated(input, (one) => one === cognito)) {
      const { trust, arn } = role
      if (trust === undefined) continue
      const pools = valuesOf(trust, `${cognito}:aud`)
      const open = pools.some((pool) => {
        const guest = new Map([
          ...strangerAt(cognito, 'guest'),
          [`${cognito}:aud`, value(pool)],
          [`${cognito}:amr`, value('unauthenticated')],
        ])
        return isOpen(trustOf(trust, arn, { kind: 'Federated', provider }, 'sts:AssumeRoleWithWebIdentity', guest))
      })
      if (!open) continue
      const isAdmin = input.graph.byArn.get(arn)?.admin.verdict !== 'no' || input.escalations.has(arn)
      yield {
        resource: arn,
        ...(isAdmin && { severity: 'critical' }),
        title: `Guests of a Cognito identity pool can assume the role ${role.name}`,
        evidence: [`identity pools: ${pools.join(', ')}`],
        fix: `Require a sign-in in the trust policy: "Condition": {"ForAnyValue:StringLike": {"${cognito}:amr": "authenticated"}}, or limit the role to what anyone may do`,
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
