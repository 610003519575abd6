import type { Rule } from '../rule.ts'

const shortest = 14

export const passwordLength: Rule = {
  id: 'password-length',
  severity: 'medium',
  level: 'account',
  title: 'Passwords may be short',
  why: 'Short passwords are guessed.',
  references: ['CIS 1.8', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html'],
  templates: false,
  *find({ account }) {
    const policy = account.facts.passwordPolicy
    if (policy === undefined || (policy?.minimumLength ?? 0) >= shortest) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:password-policy`,
      title: this.title,
      evidence: [
        policy === null
          ? 'there is no password policy: 8 characters are enough'
          : `${policy.minimumLength} characters are enough`,
      ],
      fix: `aws iam update-account-password-policy --minimum-password-length ${shortest} --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters`,
    }
  },
}
