/** Who publishes alerts: alarms, events, budgets. */
const publishers = ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com'] as const

interface Statement {
  readonly Effect?: string
  readonly Principal?: { readonly Service?: string | readonly string[] }
  readonly Action?: string | readonly string[]
  readonly Condition?: unknown
}

function statementsOf(policy: string): Statement[] {
  try {
    return [Object(JSON.parse(policy)).Statement ?? []].flat()
  } catch {
    return []
  }
}

/** Whether a pattern of an action, such as `kms:GenerateDataKey*` or `*`, covers another. */
function covers(pattern: string, action: string): boolean {
  const [begin = '', ...more] = pattern.toLowerCase().split('*')
  return more.length === 0 ? begin === action.toLowerCase() : action.toLowerCase().startsWith(begin)
}

/**
 * The services that a policy keeps from publishing. EventBridge names no account to SNS and KMS, so a condition on it drops
 * every event in silence (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
 * @param actions all of which each service needs
 */
export function keptOut(policy: string, actions: readonly string[]): readonly string[] {
  const statements = statementsOf(policy).filter(({ Effect }) => Effect === 'Allow')
  return publishers.filter((service) => {
    const own = statements.filter(
      ({ Principal, Condition }) =>
        [Principal?.Service ?? []].flat().includes(service) && !(service === 'events.amazonaws.com' && Condition !== undefined),
    )
    const allowed = own.flatMap(({ Action = [] }) => Action)
    return !actions.every((action) => allowed.some((pattern) => covers(pattern, action)))
  })
}
