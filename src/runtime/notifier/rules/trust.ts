import { isRecord } from '../../../domain/record.ts'
import { at, type Json, member } from './json.ts'

/** Whether a value of a claim names an owner, so that no other owner can present it. A wildcard before that leaves it open. */
type Fixes = (value: string) => boolean

const literal: Fixes = (value) => value !== '' && !/[*?]/.test(value)
const begins =
  (pattern: RegExp): Fixes =>
  (value) =>
    pattern.test(value)

/**
 * Providers that sign in anyone who has a project there, and the claims by which a trust policy can say whose project: `sub` says
 * it by default, and the others are those that AWS knows as keys
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_secure-by-default.html,
 * https://docs.github.com/en/actions/reference/security/oidc). `aud` is chosen by the caller, except that Cognito puts the id of
 * the identity pool there.
 */
const sharedProviders: Readonly<Record<string, Readonly<Record<string, Fixes>>>> = {
  'token.actions.githubusercontent.com': {
    sub: begins(
      /^(?:repo:[^*?/:]+\/|(?:repository_owner|repository_owner_id|repository_id|enterprise|enterprise_id):[^*?:]+(?::|$)|repository:[^*?/:]+\/)/,
    ),
    repository: begins(/^[^*?/]+\//),
    repository_owner: literal,
    repository_owner_id: literal,
    repository_id: literal,
    enterprise: literal,
    enterprise_id: literal,
  },
  'gitlab.com': {
    sub: begins(/^project_path:[^*?/:]+\//),
    project_path: begins(/^[^*?/]+\//),
    namespace_path: literal,
    project_id: literal,
    namespace_id: literal,
  },
  'app.terraform.io': { sub: begins(/^organization:[^*?:]+:/), terraform_organization_id: literal },
  'agent.buildkite.com': { sub: begins(/^organization:[^*?:]+:/), organization_id: literal },
  'cognito-identity.amazonaws.com': { aud: literal },
}

const positive = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike)$/

function listed(value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((one): one is string => typeof one === 'string')
}

/** The provider of an ARN of IAM, or a web identity that is named without one, as Cognito is. */
function providerOf(federated: string): string {
  return /oidc-provider\/(.+)$/.exec(federated)?.[1] ?? federated
}

function namesOwner(statement: Json, provider: string, claims: Readonly<Record<string, Fixes>>): boolean {
  const conditions = member(statement, 'Condition')
  if (!isRecord(conditions)) return false
  return Object.entries(conditions).some(
    ([operator, keys]) =>
      positive.test(operator) &&
      isRecord(keys) &&
      Object.entries(keys).some(([key, wanted]) => {
        const name = key.toLowerCase()
        const fixes = name.startsWith(`${provider}:`) ? claims[name.slice(provider.length + 1)] : undefined
        const values = listed(wanted)
        return fixes !== undefined && values.length > 0 && values.every(fixes)
      }),
  )
}

/** Whether a statement of a trust policy lets in everyone who has a project at a shared provider: none of its claims names an owner. */
export function trustsEveryProject(statement: Json): boolean {
  return listed(at(statement, 'Principal', 'Federated')).some((federated) => {
    const provider = providerOf(federated)
    const claims = Object.hasOwn(sharedProviders, provider) ? sharedProviders[provider] : undefined
    return claims !== undefined && !namesOwner(statement, provider, claims)
  })
}
