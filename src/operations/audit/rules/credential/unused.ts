import { quantity } from '../../../../domain/quantity.ts'
import { daysSince, type Rule } from '../rule.ts'

const unusedDays = 45

export const unusedCredential: Rule = {
  id: 'unused-credential',
  severity: 'medium',
  level: 'credential',
  title: 'Credential not used for 45 days',
  why: 'The owner is unlikely to notice misuse of an unused credential.',
  references: ['CIS 1.12', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html'],
  templates: false,
  *find({ account, now }) {
    for (const { user, arn, password, passwordUsed, passwordChanged, created, keys } of account.facts.credentials ?? []) {
      if (user === '<root_account>') continue
      const since = passwordUsed ?? passwordChanged ?? created
      if (password === true && since !== undefined && daysSince(since, now) > unusedDays) {
        yield {
          resource: arn,
          key: 'password',
          title: `The password of ${user} was not used for ${quantity(daysSince(since, now), 'day')}`,
          evidence: [
            passwordUsed === undefined ? 'never used' : `last used on ${new Date(passwordUsed).toISOString().slice(0, 10)}`,
          ],
          fix: `aws iam delete-login-profile --user-name ${user}`,
        }
      }
      for (const { slot, active, used, rotated } of keys) {
        // The rule key-never-used covers keys that were never used.
        if (!active || used === undefined || rotated === undefined || daysSince(used, now) <= unusedDays) continue
        yield {
          resource: arn,
          key: `key ${slot}`,
          title: `Access key ${slot} of ${user} was not used for ${quantity(daysSince(used, now), 'day')}`,
          evidence: [`last used on ${new Date(used).toISOString().slice(0, 10)}`],
          fix: `aws iam update-access-key --user-name ${user} --access-key-id KEY --status Inactive`,
        }
      }
    }
  },
}
