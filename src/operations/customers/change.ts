import type { MasterKeys } from '../../domain/seal.ts'
import type { Actor, Change, OperatorRegistry, Profile } from '../../registry/index.ts'

export interface Context {
  readonly registry: OperatorRegistry
  readonly actor: Actor
  readonly now: () => number
  /** Reads the master keys when needed; HMAC keys cannot be issued without one. */
  readonly masterKeys?: () => Promise<MasterKeys | undefined>
}

/** Changes one customer, and returns its new profile. */
export async function changedProfile({ registry, actor }: Context, change: Change): Promise<Profile> {
  const { profile } = await registry.change(change, actor)
  if (profile === undefined) throw new Error(`the registry returned no profile after ${change.kind}`)
  return profile
}
