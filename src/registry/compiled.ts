import { routePlanText } from '../domain/route.ts'
import { policyOf, policyVersion, type SendingPolicy } from '../domain/sending.ts'
import type { Profile } from './registry.ts'
import { profileFrom } from './stored.ts'

/** What an admission looks up in a profile, prepared once for each version of it. */
export interface Compiled {
  readonly version: string
  readonly profile: Profile
  readonly keys: ReadonlyMap<string, Profile['credentials'][number]>
  readonly ways: ReadonlyMap<string, string>
  readonly sending: { readonly version: string; readonly policy: SendingPolicy }
}

/** What a customer may send, and the version of that. */
export function sendingOf({ sending }: Profile): Compiled['sending'] {
  const policy = policyOf(sending)
  return { version: policyVersion(policy), policy }
}

const maxCompiled = 10_000

function compile(version: string, document: string): Compiled {
  const profile = profileFrom(document)
  return {
    version,
    profile,
    keys: new Map(profile.credentials.map((credential) => [credential.keyId, credential])),
    ways: new Map(profile.routes.map((route) => [`${route.environment}:${route.api}`, routePlanText(route)])),
    sending: sendingOf(profile),
  }
}

/** Keeps the compiled profile of each customer until its version changes. */
export class CompiledProfiles {
  readonly #known = new Map<string, Compiled>()

  /** @param document reads the profile's text; called only for a version that is not known. @throws Problem `registry-corrupt` */
  of(customer: string, version: string, document: () => string): Compiled {
    const known = this.#known.get(customer)
    if (known?.version === version) return known
    const fresh = compile(version, document())
    if (this.#known.size >= maxCompiled) this.#known.clear()
    this.#known.set(customer, fresh)
    return fresh
  }
}
