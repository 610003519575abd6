import type { MasterKeys } from '../../domain/seal.ts'
import type { Actor, Change, OperatorRegistry, Profile } from '../../registry/index.ts'

export interface Context {
  readonly registry: OperatorRegistry
  readonly actor: Actor
  readonly now: () => number
  /** Reads the master keys when they are needed; without any, no HMAC key can be issued. */
  readonly masterKeys?: () => Promise<MasterKeys | undefined>
}

/** Has a change of one customer carried out, and gives the customer as it is afterwards. */
export async function changedProfile({ registry, actor }: Context, change: Change): Promise<Profile> {
  const { profile } = await registry.change(change, actor)
  if (profile === undefined) throw new Error(`the registry carried out ${change.kind} and says nothing of the customer`)
  return profile
}
