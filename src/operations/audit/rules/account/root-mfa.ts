import type { Rule } from '../rule.ts'

export const rootMfa: Rule = {
  id: 'root-mfa',
  severity: 'critical',
  level: 'account',
  title: 'The root user has no MFA',
  why: 'A password alone is then enough for everything.',
  references: ['CIS 1.5', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html'],
  templates: false,
  *find({ account }) {
    const { summary, credentials } = account.facts
    // Under central root access a member account's root has no password: there is nothing to protect.
    if (summary?.get('AccountPasswordPresent') === 0) return
    const root = credentials?.find(({ user }) => user === '<root_account>')
    const has = root?.mfa ?? (summary === undefined ? undefined : summary.get('AccountMFAEnabled') === 1)
    if (has !== false) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['mfa_active is false'],
      fix: 'Sign in as root and register two hardware keys, or remove root credentials centrally: aws iam enable-organizations-root-credentials-management',
    }
  },
}
