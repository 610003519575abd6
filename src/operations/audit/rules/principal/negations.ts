import { allPolicies } from '../places.ts'
import type { Rule } from '../rule.ts'

export const allowNegated: Rule = {
  id: 'allow-not',
  severity: 'high',
  level: 'principal',
  title: 'An Allow that names what is not meant',
  why: 'NotAction, NotResource and NotPrincipal allow everything else, and what AWS adds tomorrow.',
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
          title: `${place} allows all but what it names`,
          evidence: [negated.join(' and ')],
          fix: `Name what is meant, or write a Deny for what is not, in ${place}`,
        }
      }
    }
  },
}
