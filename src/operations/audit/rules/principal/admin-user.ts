import { isAwsOwned } from '../../account/account.ts'
import type { Node } from '../../escalation/world.ts'
import type { Rule } from '../rule.ts'

/** Whether the right to do everything comes from an inline policy. */
function isInline({ principal, admin }: Node): boolean {
  return principal.held.some(({ policy, how }) => how === 'inline' && policy.statements.some(({ place }) => place === admin.by))
}

/** A service that takes a role: what runs there has all rights, and so has whoever gets a foothold in it. */
function serviceOf({ principal }: Node): string | undefined {
  const entries = principal.trust?.statements.flatMap(({ effect, principals }) =>
    effect === 'Allow' ? (principals?.entries ?? []) : [],
  )
  return entries?.find(({ kind }) => kind === 'Service')?.value
}

export const adminHeld: Rule = {
  id: 'admin-held',
  severity: 'critical',
  level: 'principal',
  title: 'A user, a service, or an inline policy has all rights',
  why: 'A user has keys and passwords that leak; an inline policy is overlooked. All rights belong to a role that is taken for a task, with MFA.',
  references: ['CIS 1.16', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp'],
  templates: true,
  *find({ world }) {
    for (const node of world.nodes) {
      const { admin, principal } = node
      if (admin.verdict === 'no' || isAwsOwned(principal)) continue
      const inline = isInline(node)
      const conditional = admin.verdict === 'conditional'
      const service = serviceOf(node)
      if (principal.type === 'role' && (conditional || (!inline && service === undefined))) continue
      const by = admin.by ?? 'its policies'
      yield {
        resource: principal.arn,
        ...(conditional && { severity: 'medium' as const }),
        ...(principal.type === 'role' && !inline && { severity: 'high' as const }),
        title: `${principal.name} has all rights${inline ? ' by an inline policy' : ''}${service === undefined ? '' : ` and is taken by ${service}`}${conditional ? ', under conditions' : ''}`,
        evidence: [by, ...admin.on.map((one) => `on condition: ${one}`)],
        fix:
          principal.type === 'user'
            ? `Let ${principal.name} assume a role instead, then take this away: ${by}`
            : `Attach a managed policy with what ${principal.name} needs, then: aws iam delete-role-policy --role-name ${principal.name} --policy-name NAME`,
      }
    }
  },
}
