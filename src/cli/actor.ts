import { hostname, userInfo } from 'node:os'
import { withoutUnsafe } from '../domain/names.ts'
import type { Actor } from '../operations/customers/index.ts'

/** Who runs the command, for the audit log. A pipeline says who started it (GITHUB_ACTOR, GITLAB_USER_LOGIN). */
export function currentActor(env: NodeJS.ProcessEnv): Actor {
  const who = env.APIGW_ACTOR ?? env.GITHUB_ACTOR ?? env.GITLAB_USER_LOGIN ?? loginName()
  // The audit log is read on a terminal: a name that could rewrite a line of it is stored without what does that.
  return { who: withoutUnsafe(who), from: hostname() }
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that no account has.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
