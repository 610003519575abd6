import { trustOf } from '../../../policy/index.ts'
import { isAwsOwned } from '../../account/account.ts'
import type { Rule } from '../rule.ts'
import { strangeCallers } from './strangers.ts'

const actions = ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity', 'sts:AssumeRoleWithSAML'] as const

export const anyPrincipal: Rule = {
  id: 'trust-any-principal',
  severity: 'critical',
  level: 'trust',
  title: 'Role that any AWS account can assume',
  why: 'Any AWS account in the world can use the permissions of the role.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous'],
  templates: true,
  *find({ account }) {
    for (const role of account.roles) {
      if (role.trust === undefined || isAwsOwned(role)) continue
      const { trust, arn } = role
      const callers = strangeCallers(trust, account.partition)
      for (const action of actions) {
        const trusts = callers.map((caller) => trustOf(trust, arn, { kind: 'AWS', ...caller }, action, caller.context))
        const open = trusts.find(({ named, on }) => named === 'directly' && on.length === 0)
        if (open === undefined) continue
        const { by } = open
        yield {
          resource: role.arn,
          title: `Any AWS account can assume the role ${role.name}`,
          evidence: [by ?? `the trust policy of ${role.name}`],
          fix: `List the trusted principals: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
        }
        break
      }
    }
  },
}
