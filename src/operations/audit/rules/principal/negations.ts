import { allPolicies } from '../policies.ts'
import type { Rule } from '../rule.ts'

export const allowNegated: Rule = {
  id: 'allow-not',
  severity: 'high',
  level: 'principal',
  title: 'Allow with NotAction, NotResource or NotPrincipal',
  why: 'The statement allows everything that is not listed, including actions that AWS adds later.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html'],
  templates: true,
  *find({ account }) {
    for (const { resource, policy } of allPolicies(account)) {
      for (const { effect, place, actions, resources, principals } of policy.statements) {
        if (effect !== 'Allow') continue
        const negated = [
          ...(actions.not ? ['NotAction'] : []),
          ...(resources.not ? ['NotResource'] : []),
          ...(principals?.not ? ['NotPrincipal'] : []),
        ]
        if (negated.length === 0) continue
        yield {
          resource,
          key: place,
          title: `${place} allows everything except what it lists`,
          evidence: [negated.join(' and ')],
          fix: `List what to allow, or use a Deny for the exceptions, in ${place}`,
        }
      }
    }
  },
}
