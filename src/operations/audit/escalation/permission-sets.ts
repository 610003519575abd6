import type { Move } from './access.ts'
import type { Capabilities } from './capabilities.ts'
import { permissionSetPaths } from './catalogue.ts'
import type { PrincipalGraph } from './graph.ts'

/** Whether a role is one that Identity Center made for a permission set. */
function isPermissionSetRole(path: string): boolean {
  return path.startsWith('/aws-reserved/sso.amazonaws.com/')
}

/**
 * Paths through permission sets. Only where the account has a role of one: elsewhere no one signs in with them. Whether the account
 * manages Identity Center is not read, so they stay conditional.
 */
export function permissionSetMoves(capabilities: Capabilities, { account }: PrincipalGraph): Move[] {
  if (!account.roles.some(({ path }) => isPermissionSetRole(path))) return []
  return permissionSetPaths.flatMap(({ id, actions, on, words }) => {
    const decisions = capabilities.all(actions)
    if (decisions === undefined) return []
    return [
      {
        id,
        actions,
        on: [...new Set([...decisions.flatMap((decision) => decision.on), ...on])],
        by: [...new Set(decisions.flatMap(({ by }) => by.at(-1) ?? []))],
        words,
      },
    ]
  })
}
