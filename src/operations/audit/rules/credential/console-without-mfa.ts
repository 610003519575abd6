import type { Rule } from '../rule.ts'

export const consoleWithoutMfa: Rule = {
  id: 'console-without-mfa',
  severity: 'high',
  level: 'credential',
  title: 'Console user without MFA',
  why: 'The password alone is enough to sign in as the user.',
  references: ['CIS 1.10', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html'],
  templates: false,
  *find({ account }) {
    for (const { user, arn, password, mfa } of account.facts.credentials ?? []) {
      if (user === '<root_account>' || password !== true || mfa) continue
      yield {
        resource: arn,
        title: `${user} can sign in to the console without MFA`,
        evidence: ['password_enabled is true and mfa_active is false'],
        fix: `Ask ${user} to register an MFA device, or delete the password: aws iam delete-login-profile --user-name ${user}`,
      }
    }
  },
}
