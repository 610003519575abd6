import type { PolicyFault } from '../../../policy/index.ts'
import { matches, parseOperator } from '../../../policy/index.ts'
import type { Actions } from '../../knowledge/actions.ts'
import { allPolicies } from '../policies.ts'
import type { Rule, RuleFinding, RuleInput } from '../rule.ts'

function* faults({ account }: RuleInput, kind: PolicyFault['kind'], fix: string): Generator<RuleFinding> {
  for (const { resource, policy } of allPolicies(account)) {
    for (const fault of policy.faults) {
      if (fault.kind !== kind) continue
      yield {
        resource,
        key: `${fault.place} ${fault.key}`,
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
  title: 'Invalid policy',
  why: 'The audit skips statements that it cannot parse, so the results may be incomplete.',
  references: [grammar],
  templates: true,
  *find(input) {
    yield* faults(input, 'invalid', 'Correct the error')
    for (const { resource, policy } of allPolicies(input.account)) {
      for (const { place, conditions } of policy.statements) {
        const invalid = conditions.find(({ operator }) => parseOperator(operator) === undefined)
        if (invalid === undefined) continue
        // The key is part of the finding ID, so its text must not change.
        const key = `${place}: IAM knows no condition operator "${invalid.operator}"`
        const title = `${place}: "${invalid.operator}" is not an IAM condition operator`
        yield { resource, key, title, evidence: [], fix: `Use a valid condition operator in ${place}` }
      }
    }
  },
}

export const duplicateSid: Rule = {
  id: 'duplicate-sid',
  severity: 'low',
  level: 'hygiene',
  title: 'Duplicate Sid in a policy',
  why: 'IAM rejects the policy the next time that it is saved.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html'],
  templates: true,
  find: (input) => faults(input, 'duplicate-sid', 'Rename one of the Sids'),
}

export const badArn: Rule = {
  id: 'bad-arn',
  severity: 'low',
  level: 'hygiene',
  title: 'Resource is not an ARN',
  why: 'It matches nothing, so the Allow or the Deny has no effect.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html'],
  templates: true,
  find: (input) => faults(input, 'bad-arn', 'Use a complete ARN'),
}

export const oldVersion: Rule = {
  id: 'old-version',
  severity: 'low',
  level: 'hygiene',
  title: 'Outdated policy language version',
  why: 'Version 2008-10-17 does not support policy variables. It treats ${aws:username} as plain text.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html'],
  templates: true,
  *find({ account }) {
    for (const { resource, policy } of allPolicies(account)) {
      if (policy.version === '2012-10-17' || policy.statements.length === 0) continue
      yield {
        resource,
        key: policy.name,
        title: `${policy.name} uses policy language version ${policy.version ?? '2008-10-17'}`,
        evidence: [],
        fix: 'Set "Version": "2012-10-17"',
      }
    }
  },
}

/** Describes an unknown action, or returns `undefined` if the action exists. */
function unknownActionText(action: string, actions: Actions): string | undefined {
  const [service = '', name = ''] = action.split(':')
  if (action === '*' || /[*?]/.test(service)) return undefined
  const known = actions.of(service)
  if (known === undefined) return `the service "${service}" does not exist`
  const exists = /[*?]/.test(name) ? [...known].some((one) => matches(name, one)) : known.has(name)
  return exists ? undefined : `the action "${action}" does not exist`
}

export const unknownAction: Rule = {
  id: 'unknown-action',
  severity: 'low',
  level: 'hygiene',
  title: 'Unknown action in a policy',
  why: 'A misspelled action is neither allowed nor denied.',
  references: [
    'https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html',
  ],
  templates: true,
  *find({ account, actions }) {
    for (const { resource, policy } of allPolicies(account)) {
      for (const { place, actions: choice } of policy.statements) {
        for (const action of choice.values) {
          const what = unknownActionText(action, actions)
          if (what === undefined) continue
          const fix = `Correct or remove ${action} in ${place}`
          yield { resource, key: `${place} ${action}`, title: `${place}: ${what}`, evidence: [action], fix }
        }
      }
    }
  },
}
