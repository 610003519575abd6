import { decide } from '../../../policy/index.ts'
import { targetContext } from '../../account/account.ts'
import { nonAdminPrincipals } from '../permissions.ts'
import type { Rule } from '../rule.ts'

export const boundaryRemoval: Rule = {
  id: 'boundary-removal',
  severity: 'high',
  level: 'principal',
  title: 'Principal can remove its own permissions boundary',
  why: 'The boundary is then not effective.',
  references: [
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate',
  ],
  templates: true,
  *find(input) {
    for (const node of nonAdminPrincipals(input)) {
      if (node.boundary === undefined) continue
      const kind = node.type === 'user' ? 'User' : 'Role'
      for (const verb of ['Delete', 'Put']) {
        const action = `iam:${verb}${kind}PermissionsBoundary`
        const { verdict, by } = decide(node, { action, resource: node.arn, context: targetContext(node.principal) })
        if (verdict !== 'allowed') continue
        yield {
          resource: node.arn,
          title: `${node.principal.name} can remove its own permissions boundary`,
          evidence: [`${action}: ${by.join(' and ')}`],
          fix: `Deny ${action} in the boundary ${node.boundary.name} itself`,
        }
        break
      }
    }
  },
}
