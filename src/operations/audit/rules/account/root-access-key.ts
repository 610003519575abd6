import { quantity } from '../../../../domain/quantity.ts'
import type { Rule } from '../rule.ts'

export const rootAccessKey: Rule = {
  id: 'root-access-key',
  severity: 'critical',
  level: 'account',
  title: 'Root user has an access key',
  why: 'IAM policies cannot restrict a root access key.',
  references: ['CIS 1.4', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html'],
  templates: false,
  *find({ account }) {
    const root = account.facts.credentials?.find(({ user }) => user === '<root_account>')
    const active = root?.keys.filter((key) => key.active).length ?? account.facts.summary?.get('AccountAccessKeysPresent') ?? 0
    if (active === 0) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: [`${quantity(active, 'active key')}`],
      fix: 'Sign in as the root user, open "Security credentials", and delete the key. The CLI cannot do this',
    }
  },
}
