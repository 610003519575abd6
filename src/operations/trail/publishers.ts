import { recordOf } from '../../domain/record.ts'

/** Who publishes alerts: alarms, events, budgets. */
const publishers = ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com'] as const

interface Statement {
  readonly allows: boolean
  readonly services: readonly string[]
  readonly actions: readonly string[]
  readonly conditional: boolean
}

function textsOf(value: unknown): string[] {
  return [value].flat().filter((one) => typeof one === 'string')
}

function statementFrom(value: unknown): Statement {
  const { Effect, Principal, Action, Condition } = recordOf(value)
  return {
    allows: Effect === 'Allow',
    services: textsOf(recordOf(Principal).Service),
    actions: textsOf(Action),
    conditional: Condition !== undefined,
  }
}

function statementsOf(policy: string): Statement[] {
  try {
    return [recordOf(JSON.parse(policy)).Statement].flat().map(statementFrom)
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
  const statements = statementsOf(policy).filter(({ allows }) => allows)
  return publishers.filter((service) => {
    const own = statements.filter(
      ({ services, conditional }) => services.includes(service) && !(service === 'events.amazonaws.com' && conditional),
    )
    const allowed = own.flatMap((statement) => statement.actions)
    return !actions.every((action) => allowed.some((pattern) => covers(pattern, action)))
  })
}
