import type { Rule } from '../rule.ts'

export const rootMfa: Rule = {
  id: 'root-mfa',
  severity: 'critical',
  level: 'account',
  title: 'Root user without MFA',
  why: 'The password alone gives full access to the account.',
  references: ['CIS 1.5', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html'],
  templates: false,
  *find({ account }) {
    const { summary, credentials } = account.facts
    // With centralized root access, the root user of a member account has no password, so MFA is not needed.
    if (summary?.get('AccountPasswordPresent') === 0) return
    const root = credentials?.find(({ user }) => user === '<root_account>')
    const has = root?.mfa ?? (summary === undefined ? undefined : summary.get('AccountMFAEnabled') === 1)
    if (has !== false) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: ['mfa_active is false'],
      fix: 'Sign in as the root user and register two hardware security keys, or remove the root credentials centrally: aws iam enable-organizations-root-credentials-management',
    }
  },
}
