import { trustOf, value } from '../../../policy/index.ts'
import { isAwsOwned } from '../../account/account.ts'
import type { Rule } from '../rule.ts'

const stranger = '999999999999'
const actions = ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity', 'sts:AssumeRoleWithSAML'] as const

/** The request context of a caller in any AWS account. It does not include a secret such as an ExternalId. */
const strangerContext = new Map([
  ['aws:principalaccount', value(stranger)],
  ['aws:principalarn', value(`arn:aws:iam::${stranger}:user/stranger`)],
  ['aws:principalorgid', value('o-stranger')],
  ['aws:principaltype', value('User')],
  ['aws:multifactorauthpresent', { kind: 'chosen' }],
] as const)

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
      const caller = { kind: 'AWS', arn: `arn:${account.partition}:iam::${stranger}:user/stranger`, account: stranger } as const
      for (const action of actions) {
        const { named, on, by } = trustOf(role.trust, role.arn, caller, action, strangerContext)
        if (named !== 'directly' || on.length > 0) continue
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
