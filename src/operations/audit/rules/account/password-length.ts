import type { Rule } from '../rule.ts'

const shortest = 14

export const passwordLength: Rule = {
  id: 'password-length',
  severity: 'medium',
  level: 'account',
  title: 'Password policy allows short passwords',
  why: 'Short passwords are easy to guess.',
  references: ['CIS 1.8', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html'],
  templates: false,
  *find({ account }) {
    const policy = account.facts.passwordPolicy
    if (policy === undefined || (policy?.minimumLength ?? 0) >= shortest) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:password-policy`,
      title: this.title,
      evidence: [
        policy === null ? 'no password policy: the minimum is 8 characters' : `the minimum is ${policy.minimumLength} characters`,
      ],
      fix: `aws iam update-account-password-policy --minimum-password-length ${shortest} --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters`,
    }
  },
}
