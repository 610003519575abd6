import { conditionText, conditionTruth } from './condition.ts'
import { lookUp, type RequestContext } from './context.ts'
import type { Condition, Policy, Statement } from './document.ts'
import { applies, coversAction } from './evaluate.ts'
import { type Caller, matchCaller } from './trust.ts'
import type { Truth } from './truth.ts'

/** A condition of a statement, and what is known about its key. */
export interface ExplainedCondition {
  readonly text: string
  readonly key: string
  readonly holds: Truth
  readonly words: string
}

/** A statement that names the action, and whether it applies to the request. */
export interface ExplainedStatement {
  readonly policy: string
  /** The policy, and the number and Sid of the statement in it. */
  readonly place: string
  readonly sid: string | null
  readonly effect: 'Allow' | 'Deny'
  readonly applies: Truth
  /** Why it does not apply, if it is not for a condition. */
  readonly why: string | null
  readonly conditions: readonly ExplainedCondition[]
}

function keyWords({ key }: Condition, context: RequestContext): string {
  const known = lookUp(context, key)
  switch (known.kind) {
    case 'values':
      return `${key} is ${known.values.join(', ')}`
    case 'absent':
      return `${key} is not in the request`
    case 'chosen':
      return `the caller chooses ${key}`
    case 'present':
      return `${key} is in each request, its value is not known`
    case 'unknown':
      return `it is not known whether ${key} is in the request, and with which value`
  }
}

function whyNot(statement: Statement, request: ExplainedRequest, caller: Caller | undefined): string | null {
  const { resource, context } = request
  if (caller !== undefined && statement.principals !== undefined && matchCaller(statement.principals, caller) === 'no')
    return 'it does not name the principal'
  const { truth } = applies({ ...statement, conditions: [] }, resource, context)
  return truth === 'no' ? 'its resources do not include this one' : null
}

export interface ExplainedRequest {
  readonly action: string
  readonly resource: string
  readonly context: RequestContext
}

/**
 * The statements of policies that name an action, in their order, and whether each applies to a request.
 * @param caller for policies of resources, which name principals
 */
export function explainStatements(policies: readonly Policy[], request: ExplainedRequest, caller?: Caller): ExplainedStatement[] {
  const action = request.action.toLowerCase()
  return policies.flatMap((policy) =>
    policy.statements
      .filter((statement) => coversAction(statement, action))
      .map((statement) => {
        const why = whyNot(statement, request, caller)
        const conditions = statement.conditions.map((condition) => ({
          text: conditionText(condition),
          key: condition.key,
          holds: conditionTruth(condition, request.context),
          words: keyWords(condition, request.context),
        }))
        return {
          policy: policy.arn ?? policy.name,
          place: statement.place,
          sid: statement.sid ?? null,
          effect: statement.effect,
          applies: why === null ? applies(statement, request.resource, request.context).truth : 'no',
          why,
          conditions,
        }
      }),
  )
}
