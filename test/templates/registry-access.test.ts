import { describe, expect, it } from 'vitest'
import { listOf, mapOf, type Properties } from './stacks.ts'
import { everyOf, everyResource, type Located, statementsOf } from './templates.ts'

/**
 * The event of a direct Invoke is written by the caller, and so is the identity in it
 * (docs/decisions/0061-operators-have-no-invoke.md). Only the URL of the admin function proves who calls.
 */

interface Grant {
  readonly holder: string
  readonly statement: Properties
}

function grantsOf({ id, resource: { type, properties } }: Located): Grant[] {
  const documents =
    type === 'AWS::IAM::ManagedPolicy'
      ? [properties.PolicyDocument]
      : listOf(properties.Policies).map((one) => mapOf(one).PolicyDocument)
  return documents.flatMap(statementsOf).map((statement) => ({ holder: id, statement }))
}

function matches(pattern: string, value: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, 'i').test(value)
}

/** Whether the resource of a statement may be the admin function of some stage. */
function isAdminFunction(resource: Properties[string]): boolean {
  if (typeof resource === 'string') return matches(resource, 'arn:aws:lambda:eu-west-1:123456789012:function:apigw-prod-admin')
  const text = String(listOf(mapOf(resource)['Fn::Sub'])[0] ?? '')
  const [attribute] = listOf(mapOf(resource)['Fn::GetAtt'])
  return (
    attribute === 'Function' ||
    matches(text.replaceAll(/\$\{[^}]+\}/g, '*'), 'arn:aws:lambda:eu-west-1:123456789012:function:apigw-prod-admin')
  )
}

const invoking = everyResource
  .filter(({ resource: { type } }) => type.startsWith('AWS::IAM::'))
  .flatMap(grantsOf)
  .filter(({ statement }) => listOf(statement.Action).some((action) => matches(String(action), 'lambda:InvokeFunction')))
  .filter(({ statement }) => listOf(statement.Resource).some(isAdminFunction))

const allowing = invoking.filter(({ statement }) => statement.Effect === 'Allow')

describe('the admin function', () => {
  it.each(allowing)('$holder may invoke it only by its URL', ({ statement }) => {
    expect(statement.Condition).toEqual({ Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } })
  })

  it('is called by operators and by the pipeline', () => {
    expect(allowing.map(({ holder }) => holder).sort()).toEqual(['admin.Call', 'people.Operate', 'people.Pipe'])
  })

  it.each(['security.Operate', 'people.Operate', 'people.Pipe'])(
    '%s denies a direct Invoke, whatever else allows it',
    (holder) => {
      const denied = invoking.filter((one) => one.holder === holder && one.statement.Effect === 'Deny')
      // `IfExists`: where the key is missing, the call did not come through the URL.
      expect(denied.map(({ statement }) => statement.Condition)).toEqual([
        { BoolIfExists: { 'lambda:InvokedViaFunctionUrl': 'false' } },
      ])
    },
  )

  it('is opened to nobody by a resource policy', () => {
    const opened = everyOf('AWS::Lambda::Permission').filter(({ template }) => template === 'admin')
    expect(opened).toEqual([])
  })
})
