import { configurationOf, type OperatorRegistry, type Profile, revisionOf, withoutSealed } from '../../registry/index.ts'
import { allProfiles } from './profiles.ts'
import { customerText } from './text.ts'

export interface ExportOptions {
  /** Notes what was exported, so that applying the file later does not overwrite the changes of others. */
  readonly revision: boolean
  /** With the HMAC secrets, encrypted under the master key: for another registry with the same master key. */
  readonly sealed: boolean
  /** Which customers; absent: all. */
  readonly matches?: ((profile: Profile) => boolean) | undefined
}

export interface ExportedCustomer {
  readonly id: string
  /** As it stands in a file, below `customers:`. */
  readonly text: string
  /** HMAC keys whose secrets are not in the text. */
  readonly unsealed: number
}

/** Customers as they stand in files, in the order of their ids. */
export async function* exportCustomers(
  registry: Pick<OperatorRegistry, 'profiles'>,
  { revision, sealed, matches = () => true }: ExportOptions,
): AsyncGenerator<ExportedCustomer> {
  for await (const { profile } of allProfiles(registry)) {
    if (!matches(profile)) continue
    const { id } = profile.customer
    const whole = configurationOf(profile)
    const text = customerText(id, sealed ? whole : withoutSealed(whole), revision ? revisionOf(profile) : undefined)
    const hmac = profile.credentials.filter(({ scheme }) => scheme === 'hmac').length
    yield { id, text, unsealed: sealed ? 0 : hmac }
  }
}
