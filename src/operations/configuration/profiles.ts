import { maxProfilesPage, type OperatorRegistry, type StoredProfile } from '../../registry/index.ts'

/** Every customer in the order of their ids, read in pages. */
export async function* allProfiles(registry: Pick<OperatorRegistry, 'profiles'>): AsyncGenerator<StoredProfile> {
  let after: string | undefined
  do {
    const page = await registry.profiles(after, maxProfilesPage)
    yield* page.profiles
    after = page.next
  } while (after !== undefined)
}
