import { quantity } from '../../../../domain/quantity.ts'
import { isAwsOwned } from '../../account/account.ts'
import { daysSince, type Rule } from '../rule.ts'

const unusedDays = 90

export const emptyGroup: Rule = {
  id: 'empty-group',
  severity: 'low',
  level: 'hygiene',
  title: 'Group without members',
  why: 'A user who is added later gets permissions that have not been reviewed.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups_manage_delete.html'],
  templates: false,
  *find({ account }) {
    for (const { arn, name, members } of account.groups) {
      if (members.length > 0) continue
      yield {
        resource: arn,
        title: `The group ${name} has no members`,
        evidence: [],
        fix: `aws iam delete-group --group-name ${name}`,
      }
    }
  },
}

export const unusedRole: Rule = {
  id: 'unused-role',
  severity: 'low',
  level: 'hygiene',
  title: 'Role not used for 90 days',
  why: 'An unused role adds attack surface without a benefit.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html#roles-delete_last-accessed'],
  templates: false,
  *find({ account, now }) {
    for (const role of account.roles) {
      const { arn, name, lastUsed, created } = role
      if (lastUsed === undefined || isAwsOwned(role)) continue
      const since = lastUsed ?? created
      if (since === undefined || daysSince(since, now) <= unusedDays) continue
      yield {
        resource: arn,
        title: `The role ${name} was ${lastUsed === null ? 'never used' : `not used for ${quantity(daysSince(since, now), 'day')}`}`,
        evidence: [
          lastUsed === null
            ? `created on ${new Date(since).toISOString().slice(0, 10)}`
            : `last used on ${new Date(since).toISOString().slice(0, 10)}`,
        ],
        fix: `apigw audit iam --plan plan.yaml && apigw iam apply plan.yaml`,
      }
    }
  },
}

export const unusedPolicy: Rule = {
  id: 'unused-policy',
  severity: 'low',
  level: 'hygiene',
  title: 'Unattached policy',
  why: 'Unused policies make it harder to review the ones in use.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-delete.html'],
  templates: false,
  *find({ account, graph }) {
    const admins = new Set(graph.adminPolicies)
    for (const { arn, name, attachments, boundaryUses, awsManaged } of account.policies) {
      if (awsManaged || attachments > 0 || boundaryUses > 0 || admins.has(arn)) continue
      yield {
        resource: arn,
        title: `The policy ${name} is not attached to a principal`,
        evidence: [],
        fix: `aws iam delete-policy --policy-arn ${arn}`,
      }
    }
  },
}

export const unattachedAdmin: Rule = {
  id: 'unattached-admin-policy',
  severity: 'medium',
  level: 'hygiene',
  title: 'Unattached policy with administrator access',
  why: 'A principal that can attach policies needs a single call to gain administrator access.',
  references: ['CIS 1.16'],
  templates: false,
  *find({ account, graph }) {
    const admins = new Set(graph.adminPolicies)
    for (const { arn, name, attachments, awsManaged } of account.policies) {
      if (awsManaged || attachments > 0 || !admins.has(arn)) continue
      yield {
        resource: arn,
        title: `The unattached policy ${name} grants administrator access`,
        evidence: [],
        fix: `aws iam delete-policy --policy-arn ${arn}`,
      }
    }
  },
}
