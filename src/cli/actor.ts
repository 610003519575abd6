import { hostname, userInfo } from 'node:os'
import { withoutUnsafe } from '../domain/names.ts'
import type { Actor } from '../operations/customers/index.ts'

/** The user who runs the command, for the audit log. In CI it is the user who started the pipeline. */
export function currentActor(env: NodeJS.ProcessEnv): Actor {
  const who = env.APIGW_ACTOR ?? env.GITHUB_ACTOR ?? env.GITLAB_USER_LOGIN ?? loginName()
  // The audit log is read on a terminal, so control characters in a name are removed.
  return { who: withoutUnsafe(who), from: hostname() }
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a user id without an account.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
