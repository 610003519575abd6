import type { Rule } from '../rule.ts'

export const policyOnUser: Rule = {
  id: 'policy-on-user',
  severity: 'low',
  level: 'hygiene',
  title: 'Policy attached directly to a user',
  why: 'Permissions that come from groups can be reviewed and revoked in one place.',
  references: ['CIS 1.15', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html'],
  templates: true,
  *find({ account }) {
    for (const { arn, name, grants } of account.users) {
      const own = grants.filter(({ how, group }) => how === 'attached' && group === undefined)
      for (const { policy } of own) {
        yield {
          resource: arn,
          key: policy.arn ?? policy.name,
          title: `${policy.name} is attached directly to the user ${name}`,
          evidence: [policy.arn ?? policy.name],
          fix: `aws iam attach-group-policy --group-name GROUP --policy-arn ${policy.arn} && aws iam detach-user-policy --user-name ${name} --policy-arn ${policy.arn}`,
        }
      }
    }
  },
}

export const inlinePolicy: Rule = {
  id: 'inline-policy',
  severity: 'low',
  level: 'hygiene',
  title: 'Inline policy on a user or group',
  why: 'Inline policies have no versions, do not appear in the policy list, and are easy to overlook.',
  references: ['CIS 1.15', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html'],
  templates: false,
  *find({ account }) {
    for (const { arn, name, grants, kind } of [
      ...account.users.map((user) => ({ ...user, kind: 'user' })),
      ...account.groups.map((group) => ({ ...group, kind: 'group' })),
    ]) {
      for (const { policy, how, group } of grants) {
        if (how !== 'inline' || (kind === 'user' && group !== undefined)) continue
        const policyName = policy.name.replace(/ of .*$/, '')
        yield {
          resource: arn,
          key: policyName,
          title: `The ${kind} ${name} has the inline policy ${policyName}`,
          evidence: [policy.name],
          fix: `Replace it with a managed policy, then run: aws iam delete-${kind}-policy --${kind}-name ${name} --policy-name ${policyName}`,
        }
      }
    }
  },
}
