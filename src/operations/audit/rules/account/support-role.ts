import type { Rule } from '../rule.ts'

/** Whether anybody has one of AWS's own policies, by its name. */
function isHeld(names: readonly string[], policies: readonly { name: string; attachments: number }[]): boolean {
  return policies.some(({ name, attachments }) => names.includes(name) && attachments > 0)
}

export const supportRole: Rule = {
  id: 'no-support-role',
  severity: 'low',
  level: 'account',
  title: 'Nobody may talk to AWS Support',
  why: 'In an incident somebody has to, and finds then that only root can.',
  references: ['CIS 1.17', 'https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html'],
  templates: false,
  *find({ account }) {
    if (isHeld(['AWSSupportAccess'], account.policies)) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['AWSSupportAccess is attached to nobody'],
      fix: `aws iam attach-role-policy --role-name ROLE --policy-arn arn:${account.partition}:iam::aws:policy/AWSSupportAccess`,
    }
  },
}

export const auditRole: Rule = {
  id: 'no-audit-role',
  severity: 'low',
  level: 'account',
  title: 'Nobody may read for an audit',
  why: 'Auditors without a role of their own are given too much.',
  references: ['https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html'],
  templates: false,
  *find({ account }) {
    if (isHeld(['SecurityAudit'], account.policies)) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['SecurityAudit is attached to nobody'],
      fix: `aws iam attach-role-policy --role-name ROLE --policy-arn arn:${account.partition}:iam::aws:policy/SecurityAudit`,
    }
  },
}
