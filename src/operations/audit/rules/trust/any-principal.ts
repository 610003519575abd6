import { isAwsOwned } from '../../account/account.ts'
import { value } from '../../policy/context.ts'
import { trustOf } from '../../policy/trust.ts'
import type { Rule } from '../rule.ts'

const stranger = '999999999999'
const actions = ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity', 'sts:AssumeRoleWithSAML'] as const

/** What somebody from anywhere can bring along. A secret such as an ExternalId is not among it. */
const anybody = new Map([
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
  title: 'Anybody may take a role',
  why: 'Any AWS account in the world can act with it.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous'],
  templates: true,
  *find({ account }) {
    for (const role of account.roles) {
      if (role.trust === undefined || isAwsOwned(role)) continue
      const caller = { kind: 'AWS', arn: `arn:${account.partition}:iam::${stranger}:user/stranger`, account: stranger } as const
      for (const action of actions) {
        const { named, on, by } = trustOf(role.trust, role.arn, caller, action, anybody)
        if (named !== 'directly' || on.length > 0) continue
        yield {
          resource: role.arn,
          title: `Anybody may take the role ${role.name}`,
          evidence: [by ?? `the trust policy of ${role.name}`],
          fix: `Name the principals: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
        }
        break
      }
    }
  },
}
