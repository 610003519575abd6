import { recordOf } from '../../domain/record.ts'

/** The services that publish alerts: alarms, events and budgets. */
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
  const statements = statementsOf(policy).filter(({ allows }) => allows)
  return publishers.filter((service) => {
    const own = statements.filter(
      ({ services, conditional }) => services.includes(service) && !(service === 'events.amazonaws.com' && conditional),
    )
    const allowed = own.flatMap((statement) => statement.actions)
    return !actions.every((action) => allowed.some((pattern) => covers(pattern, action)))
  })
}
