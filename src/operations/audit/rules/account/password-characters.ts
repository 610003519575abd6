import type { Rule } from '../rule.ts'

export const passwordCharacters: Rule = {
  id: 'password-characters',
  severity: 'low',
  level: 'account',
  title: 'Password policy does not require all character types',
  why: 'Older benchmarks require all four character types, and auditors still ask for them.',
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
