import type { Rule } from '../rule.ts'

export const consoleWithoutMfa: Rule = {
  id: 'console-without-mfa',
  severity: 'high',
  level: 'credential',
  title: 'A user with a password has no MFA',
  why: 'Whoever learns the password is that user.',
  references: ['CIS 1.10', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html'],
  templates: false,
  *find({ account }) {
    for (const { user, arn, password, mfa } of account.facts.credentials ?? []) {
      if (user === '<root_account>' || password !== true || mfa) continue
      yield {
        resource: arn,
        title: `${user} signs in without MFA`,
        evidence: ['password_enabled is true and mfa_active is false'],
        fix: `Have ${user} register a device, or take the password away: aws iam delete-login-profile --user-name ${user}`,
      }
    }
  },
}
