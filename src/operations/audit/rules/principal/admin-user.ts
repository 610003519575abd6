import { isServiceLinked } from '../../account/account.ts'
import type { Node } from '../../escalation/graph.ts'
import type { Rule } from '../rule.ts'

/** Whether administrator access comes from an inline policy. */
function isInline({ principal, admin }: Node): boolean {
  return principal.grants.some(({ policy, how }) => how === 'inline' && policy.statements.some(({ place }) => place === admin.by))
}

/** A service that can assume the role. Code that runs there, and an attacker who compromises it, is an administrator. */
function serviceOf({ principal }: Node): string | undefined {
  const entries = principal.trust?.statements.flatMap(({ effect, principals }) =>
    effect === 'Allow' ? (principals?.entries ?? []) : [],
  )
  return entries?.find(({ kind }) => kind === 'Service')?.value
}

function fixOf({ principal: { name, type, path } }: Node, by: string): string {
  if (type === 'user') return `Let ${name} assume a role instead, then remove: ${by}`
  // Only Identity Center can change the policies of its roles.
  if (path.startsWith('/aws-reserved/'))
    return `Change the permission set of ${name} in IAM Identity Center, then provision it again`
  return `Attach a managed policy with the permissions that ${name} needs, then run: aws iam delete-role-policy --role-name ${name} --policy-name NAME`
}

export const adminHeld: Rule = {
  id: 'admin-held',
  severity: 'critical',
  level: 'principal',
  title: 'Administrator access for a user, a service role, or through an inline policy',
  why: 'Long-lived user credentials leak, and inline policies are easy to overlook. Grant administrator access only to a role that people assume with MFA.',
  references: ['CIS 1.16', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp'],
  templates: true,
  *find({ graph }) {
    for (const node of graph.nodes) {
      const { admin, principal } = node
      if (admin.verdict === 'no' || isServiceLinked(principal)) continue
      const inline = isInline(node)
      const conditional = admin.verdict === 'conditional'
      const service = serviceOf(node)
      if (principal.type === 'role' && (conditional || (!inline && service === undefined))) continue
      const by = admin.by ?? 'its policies'
      yield {
        resource: principal.arn,
        ...(conditional && { severity: 'medium' as const }),
        ...(principal.type === 'role' && !inline && { severity: 'high' as const }),
        title: `${principal.name} has ${conditional ? 'conditional ' : ''}administrator access${inline ? ' through an inline policy' : ''}${service === undefined ? '' : ` and can be assumed by ${service}`}`,
        evidence: [by, ...admin.on.map((one) => `condition: ${one}`)],
        dependsOn: conditional ? admin.on : [],
        fix: fixOf(node, by),
      }
    }
  },
}
