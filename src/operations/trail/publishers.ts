/** The services that publish alerts: alarms, events and budgets. */
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

/** Whether an action pattern, such as `kms:GenerateDataKey*` or `*`, matches an action. */
function covers(pattern: string, action: string): boolean {
  const [begin = '', ...more] = pattern.toLowerCase().split('*')
  return more.length === 0 ? begin === action.toLowerCase() : action.toLowerCase().startsWith(begin)
}

/**
 * The publishers that lack an action in a policy. EventBridge sends no source account to SNS and KMS, so a condition on it
 * silently drops every event (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
 * @param actions the actions that each publisher needs
 */
export function publishersWithout(policy: string, actions: readonly string[]): readonly string[] {
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
