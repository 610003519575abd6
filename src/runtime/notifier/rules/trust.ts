import { namesOwner, type SharedProvider, sharedProvider } from '../../../domain/identity-providers.ts'
import { isRecord } from '../../../domain/record.ts'
import { at, type Json, member } from './json.ts'

const positive = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike)$/

function listed(value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((one): one is string => typeof one === 'string')
}

/** The issuer of an ARN of IAM, or a web identity that is named without one, as Cognito is. */
function issuerOf(federated: string): string {
  return /oidc-provider\/(.+)$/.exec(federated)?.[1] ?? federated
}

function isNarrowed(statement: Json, issuer: string, provider: SharedProvider): boolean {
  const conditions = member(statement, 'Condition')
  if (!isRecord(conditions)) return false
  return Object.entries(conditions).some(
    ([operator, keys]) =>
      positive.test(operator) &&
      isRecord(keys) &&
      Object.entries(keys).some(([key, wanted]) => {
        const name = key.toLowerCase()
        const values = listed(wanted)
        return (
          name.startsWith(`${issuer}:`) &&
          values.length > 0 &&
          values.every((value) => namesOwner(provider, name.slice(issuer.length + 1), value))
        )
      }),
  )
}

/** Whether a statement of a trust policy lets in everyone who has a project at a shared provider: none of its claims names an owner. */
export function trustsEveryProject(statement: Json): boolean {
  return listed(at(statement, 'Principal', 'Federated')).some((federated) => {
    const issuer = issuerOf(federated)
    const provider = sharedProvider(issuer)
    return provider?.others === 'anyone' && !isNarrowed(statement, issuer.toLowerCase(), provider)
  })
}
