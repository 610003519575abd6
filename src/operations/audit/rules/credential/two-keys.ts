import type { Rule } from '../rule.ts'

export const twoKeys: Rule = {
  id: 'two-active-keys',
  severity: 'medium',
  level: 'credential',
  title: 'Two active access keys',
  why: 'A second key is needed only during rotation. After that, the old key is a risk.',
  references: ['CIS 1.13', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html'],
  templates: false,
  *find({ account }) {
    for (const { user, arn, keys } of account.facts.credentials ?? []) {
      if (user === '<root_account>' || keys.filter(({ active }) => active).length < 2) continue
      yield {
        resource: arn,
        title: `${user} has two active access keys`,
        evidence: keys.map(
          ({ slot, used }) =>
            `key ${slot}: ${used === undefined ? 'never used' : `last used ${new Date(used).toISOString().slice(0, 10)}`}`,
        ),
        fix: `aws iam update-access-key --user-name ${user} --access-key-id OLDER --status Inactive`,
      }
    }
  },
}
