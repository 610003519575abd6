import { isServiceLinked } from '../../account/account.ts'
import { cutText, hopText } from '../../escalation/text.ts'
import type { Rule } from '../rule.ts'

export const escalation: Rule = {
  id: 'escalation',
  severity: 'high',
  level: 'principal',
  title: 'Privilege escalation to administrator',
  why: 'The principal is effectively an administrator, although its policies do not show it.',
  references: ['https://pathfinding.cloud', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html'],
  templates: true,
  *find({ graph, escalations }) {
    for (const { principal } of graph.nodes) {
      const found = escalations.get(principal.arn)
      if (found === undefined || isServiceLinked(principal)) continue
      const conditional = found.verdict === 'conditional'
      yield {
        resource: principal.arn,
        path: found.hops.map(({ from, to = 'administrator', move }) => [from, to, ...move.actions].join(' ')),
        ...(conditional && { severity: 'medium' as const }),
        title: `${principal.name} ${conditional ? 'may be able to' : 'can'} escalate to administrator in ${found.hops.length} ${found.hops.length === 1 ? 'step' : 'steps'}`,
        evidence: [
          ...found.hops.map(hopText),
          ...found.hops.flatMap(({ move }) => move.by.map((place) => `allowed by ${place}`)),
          ...found.on.map((one) => `condition: ${one}`),
        ],
        dependsOn: found.on,
        fix: `To close this path, ${cutText(found)}`,
      }
    }
  },
}
