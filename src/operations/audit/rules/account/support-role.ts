import type { Rule } from '../rule.ts'

/** Whether at least one of the named policies is attached. */
function isAttached(names: readonly string[], policies: readonly { name: string; attachments: number }[]): boolean {
  return policies.some(({ name, attachments }) => names.includes(name) && attachments > 0)
}

export const supportRole: Rule = {
  id: 'no-support-role',
  severity: 'low',
  level: 'account',
  title: 'No role for AWS Support',
  why: 'Without such a role, an incident may require the root user or an administrator to contact AWS Support.',
  references: ['CIS 1.17', 'https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html'],
  templates: false,
  *find({ account }) {
    if (isAttached(['AWSSupportAccess'], account.policies)) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['AWSSupportAccess is not attached'],
      fix: `aws iam attach-role-policy --role-name ROLE --policy-arn arn:${account.partition}:iam::aws:policy/AWSSupportAccess`,
    }
  },
}

export const auditRole: Rule = {
  id: 'no-audit-role',
  severity: 'low',
  level: 'account',
  title: 'No role for auditors',
  why: 'Without a dedicated role, auditors often get more permissions than they need.',
  references: ['https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html'],
  templates: false,
  *find({ account }) {
    if (isAttached(['SecurityAudit'], account.policies)) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['SecurityAudit is not attached'],
      fix: `aws iam attach-role-policy --role-name ROLE --policy-arn arn:${account.partition}:iam::aws:policy/SecurityAudit`,
    }
  },
}
