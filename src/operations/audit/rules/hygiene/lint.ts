import type { Actions } from '../../knowledge/actions.ts'
import type { PolicyFault } from '../../policy/document.ts'
import { matches } from '../../policy/match.ts'
import { parseOperator } from '../../policy/operators.ts'
import { allPolicies } from '../places.ts'
import type { Found, Rule, View } from '../rule.ts'

function* faults({ account }: View, kind: PolicyFault['kind'], fix: string): Generator<Found> {
  for (const { resource, policy } of allPolicies(account)) {
    for (const fault of policy.faults) {
      if (fault.kind !== kind) continue
      yield {
        resource,
        key: `${fault.place} ${fault.message}`,
        title: `${fault.place}: ${fault.message}`,
        evidence: [],
        fix: `${fix} in ${fault.place}`,
      }
    }
  }
}

const grammar = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html'

export const invalidPolicy: Rule = {
  id: 'invalid-policy',
  severity: 'medium',
  level: 'hygiene',
  title: 'A policy that cannot be read',
  why: 'What it was to allow or to deny, nobody knows; it was left out of this audit.',
  references: [grammar],
  templates: true,
  *find(view) {
    yield* faults(view, 'invalid', 'Correct what is said')
    for (const { resource, policy } of allPolicies(view.account)) {
      for (const { place, conditions } of policy.statements) {
        const strange = conditions.find(({ operator }) => parseOperator(operator) === undefined)
        if (strange === undefined) continue
        const title = `${place}: IAM knows no condition operator "${strange.operator}"`
        yield { resource, key: title, title, evidence: [], fix: `Use an operator of IAM in ${place}` }
      }
    }
  },
}

export const duplicateSid: Rule = {
  id: 'duplicate-sid',
  severity: 'low',
  level: 'hygiene',
  title: 'A Sid stands in a policy twice',
  why: 'IAM refuses such a policy when it is saved the next time.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html'],
  templates: true,
  find: (view) => faults(view, 'duplicate-sid', 'Rename one'),
}

export const badArn: Rule = {
  id: 'bad-arn',
  severity: 'low',
  level: 'hygiene',
  title: 'A resource that is no ARN',
  why: 'It matches nothing: an Allow does not allow, a Deny does not protect.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html'],
  templates: true,
  find: (view) => faults(view, 'bad-arn', 'Write a whole ARN'),
}

export const oldVersion: Rule = {
  id: 'old-version',
  severity: 'low',
  level: 'hygiene',
  title: 'A policy in the language of 2008',
  why: 'Variables, such as the name of the user, are read as plain text there.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html'],
  templates: true,
  *find({ account }) {
    for (const { resource, policy } of allPolicies(account)) {
      if (policy.version === '2012-10-17' || policy.statements.length === 0) continue
      yield {
        resource,
        key: policy.name,
        title: `${policy.name} is in the language of ${policy.version ?? '2008-10-17'}`,
        evidence: [],
        fix: 'Write "Version": "2012-10-17"',
      }
    }
  },
}

/** What is wrong with an action's name; `undefined` where there is such an action. */
function unknown(action: string, actions: Actions): string | undefined {
  const [service = '', name = ''] = action.split(':')
  if (action === '*' || /[*?]/.test(service)) return undefined
  const known = actions.of(service)
  if (known === undefined) return `there is no service "${service}"`
  const exists = /[*?]/.test(name) ? [...known].some((one) => matches(name, one)) : known.has(name)
  return exists ? undefined : `there is no action "${action}"`
}

export const unknownAction: Rule = {
  id: 'unknown-action',
  severity: 'low',
  level: 'hygiene',
  title: 'An action that does not exist',
  why: 'A slip of the pen: what was meant is not allowed, or not denied.',
  references: [
    'https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html',
  ],
  templates: true,
  *find({ account, actions }) {
    for (const { resource, policy } of allPolicies(account)) {
      for (const { place, actions: choice } of policy.statements) {
        for (const action of choice.values) {
          const what = unknown(action, actions)
          if (what === undefined) continue
          const fix = `Correct or take out ${action} in ${place}`
          yield { resource, key: `${place} ${action}`, title: `${place}: ${what}`, evidence: [action], fix }
        }
      }
    }
  },
}
