import type { Rule } from '../rule.ts'

const remembered = 24

export const passwordReuse: Rule = {
  id: 'password-reuse',
  severity: 'medium',
  level: 'account',
  title: 'Password policy allows reuse',
  why: 'A leaked password can become valid again.',
  references: ['CIS 1.9', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html'],
  templates: false,
  *find({ account }) {
    const policy = account.facts.passwordPolicy
    if (policy === undefined || (policy?.reusePrevention ?? 0) >= remembered) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:password-policy`,
      title: this.title,
      evidence: [`remembers ${policy?.reusePrevention ?? 0} passwords instead of ${remembered}`],
      fix: `aws iam update-account-password-policy --password-reuse-prevention ${remembered} --minimum-password-length 14`,
    }
  },
}
