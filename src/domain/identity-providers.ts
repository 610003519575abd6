/**
 * Identity providers that sign in anyone who has a project or an account there, and how a trust policy can say whose. The alerts and
 * the audit both read this table
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
 */

/** A form of subject of which the part between `prefix` and `separator` belongs to one owner. */
export interface OwnedSubject {
  readonly prefix: string
  readonly separator: string
  /** What may follow the separator, as a pattern. */
  readonly rest: string
  /** Whether a subject may end with the owner. */
  readonly endsWithOwner?: true
}

export interface SharedProvider {
  /** Whose workloads the others are: of anyone, of the same enterprise at GitHub, or of the same cluster. */
  readonly others: 'anyone' | 'enterprise' | 'cluster'
  readonly owned: readonly OwnedSubject[]
  /** Claims that name no owner, and with which a subject may begin nevertheless. */
  readonly unowned: readonly string[]
  /** Claims that name an owner, each with the sign at which the owner ends; empty: the whole value is the owner. */
  readonly owners: Readonly<Record<string, string>>
}

/**
 * Any organization at GitHub can customize its subjects, so that they begin with one of these
 * (https://docs.github.com/en/actions/reference/security/oidc#customizing-the-token-claims).
 */
const unownedAtGitHub = [
  'actor',
  'base_ref',
  'context',
  'environment',
  'event_name',
  'head_ref',
  'job_workflow_ref',
  'ref',
  'ref_type',
  'repository_visibility',
  'runner_environment',
  'workflow',
  'workflow_ref',
]

const idsAtGitHub = ['repository_owner', 'repository_owner_id', 'repository_id', 'enterprise', 'enterprise_id'] as const

const gitHub = {
  owned: [
    { prefix: 'repo:', separator: '/', rest: '*:*' },
    { prefix: 'repository:', separator: '/', rest: '*' },
    ...idsAtGitHub.map((claim) => ({ prefix: `${claim}:`, separator: ':', rest: '*', endsWithOwner: true }) as const),
  ],
  unowned: unownedAtGitHub,
  owners: { repository: '/', ...Object.fromEntries(idsAtGitHub.map((claim) => [claim, ''])) },
} as const satisfies Omit<SharedProvider, 'others'>

const providers: readonly (readonly [issuer: RegExp, provider: SharedProvider])[] = [
  [/^token\.actions\.githubusercontent\.com$/, { others: 'anyone', ...gitHub }],
  // An enterprise may have an issuer of its own (https://docs.github.com/en/actions/reference/security/oidc).
  [/^token\.actions\.githubusercontent\.com\//, { others: 'enterprise', ...gitHub }],
  [
    /^gitlab\.com$/,
    {
      others: 'anyone',
      owned: [{ prefix: 'project_path:', separator: '/', rest: '*:*' }],
      unowned: [],
      owners: { project_path: '/', namespace_path: '', project_id: '', namespace_id: '' },
    },
  ],
  [
    /^app\.terraform\.io$/,
    {
      others: 'anyone',
      owned: [{ prefix: 'organization:', separator: ':', rest: 'project:*' }],
      unowned: [],
      owners: { terraform_organization_id: '' },
    },
  ],
  [
    /^agent\.buildkite\.com$/,
    {
      others: 'anyone',
      owned: [{ prefix: 'organization:', separator: ':', rest: 'pipeline:*' }],
      unowned: [],
      owners: { organization_id: '' },
    },
  ],
  // The audience is the id of the identity pool, or of the application: the caller cannot choose it.
  [/^cognito-identity\.amazonaws\.com$/, { others: 'anyone', owned: [], unowned: [], owners: { aud: '' } }],
  [/^accounts\.google\.com$/, { others: 'anyone', owned: [], unowned: [], owners: { aud: '', oaud: '', sub: '' } }],
  [/^graph\.facebook\.com$/, { others: 'anyone', owned: [], unowned: [], owners: { app_id: '', id: '' } }],
  [/^www\.amazon\.com$/, { others: 'anyone', owned: [], unowned: [], owners: { app_id: '', user_id: '' } }],
  // A person who may create service accounts in one namespace of the cluster is a stranger to the others.
  [
    /^oidc\.eks\./,
    {
      others: 'cluster',
      owned: [{ prefix: 'system:serviceaccount:', separator: ':', rest: '*' }],
      unowned: [],
      owners: {},
    },
  ],
]

/** The provider behind an issuer, such as `gitlab.com`, if others than the account's owner have identities there. */
export function sharedProvider(issuer: string): SharedProvider | undefined {
  return providers.find(([known]) => known.test(issuer))?.[1]
}

/** Whether a text, which may have wildcards, begins with an owner that ends at a sign. */
function beginsWithOwner(text: string, end: string, mayEnd: boolean): boolean {
  const at = end === '' ? -1 : text.indexOf(end)
  if (at < 0 && end !== '' && !mayEnd) return false
  const owner = at < 0 ? text : text.slice(0, at)
  return owner !== '' && !/[*?]/.test(owner) && !(end === '/' && owner.includes(':'))
}

/** Whether a value that a policy compares a claim with names an owner, so that the identities of others do not match it. */
export function namesOwner({ owned, owners }: SharedProvider, claim: string, value: string): boolean {
  const end = Object.hasOwn(owners, claim) ? owners[claim] : undefined
  if (end !== undefined) return beginsWithOwner(value, end, false)
  return (
    claim === 'sub' &&
    owned.some(
      ({ prefix, separator, endsWithOwner = false }) =>
        value.startsWith(prefix) && beginsWithOwner(value.slice(prefix.length), separator, endsWithOwner),
    )
  )
}
