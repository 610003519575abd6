import { quantity } from '../../../../domain/quantity.ts'
import { daysSince, type Rule } from '../rule.ts'

const oldDays = 90

export const oldKey: Rule = {
  id: 'old-access-key',
  severity: 'medium',
  level: 'credential',
  title: 'Access key older than 90 days',
  why: 'The older a key is, the more places may contain a copy of it.',
  references: ['CIS 1.14', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html'],
  templates: false,
  *find({ account, now }) {
    for (const { user, arn, keys } of account.facts.credentials ?? []) {
      if (user === '<root_account>') continue
      for (const { slot, active, rotated } of keys) {
        if (!active || rotated === undefined || daysSince(rotated, now) <= oldDays) continue
        yield {
          resource: arn,
          key: String(slot),
          title: `Access key ${slot} of ${user} is ${quantity(daysSince(rotated, now), 'day')} old`,
          evidence: [`created or rotated on ${new Date(rotated).toISOString().slice(0, 10)}`],
          fix: `aws iam create-access-key --user-name ${user}, switch to the new key, then run: aws iam update-access-key --user-name ${user} --access-key-id KEY --status Inactive`,
        }
      }
    }
  },
}
