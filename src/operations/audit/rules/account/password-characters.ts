import type { Rule } from '../rule.ts'

export const passwordCharacters: Rule = {
  id: 'password-characters',
  severity: 'low',
  level: 'account',
  title: 'Passwords may be of one kind of character',
  why: 'Older benchmarks ask for all four kinds; auditors still do.',
  references: [
    'CIS v1.2 1.5 to 1.8',
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html',
  ],
  templates: false,
  *find({ account }) {
    const policy = account.facts.passwordPolicy
    if (policy === undefined) return
    const kinds = ['symbols', 'numbers', 'uppercase', 'lowercase'] as const
    const lacking = kinds.filter((kind) => policy?.[kind] !== true)
    if (lacking.length === 0) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:password-policy`,
      title: this.title,
      evidence: [`not required: ${lacking.join(', ')}`],
      fix: 'aws iam update-account-password-policy --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters --minimum-password-length 14 --password-reuse-prevention 24',
    }
  },
}
