import { allowedOnAll, nonAdminPrincipals } from '../permissions.ts'
import type { Rule, RuleFinding, RuleInput } from '../rule.ts'

function* principalsWith({ account, ...input }: RuleInput, action: string, fix: string): Generator<RuleFinding> {
  for (const node of nonAdminPrincipals({ account, ...input })) {
    const place = allowedOnAll(node, action, account.id)
    if (place === undefined) continue
    const { name, arn } = node.principal
    yield { resource: arn, title: `${name} can use ${action} on every role`, evidence: [place], fix }
  }
}

export const passRoleAny: Rule = {
  id: 'pass-role-any',
  severity: 'high',
  level: 'principal',
  title: 'Permission to pass any role',
  why: 'A principal that can pass any role to a service can act with the permissions of that role.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html'],
  templates: true,
  find: (input) =>
    principalsWith(
      input,
      'iam:PassRole',
      'List the roles in Resource, and the service in a condition: "StringEquals": {"iam:PassedToService": "SERVICE"}',
    ),
}

export const assumeRoleAny: Rule = {
  id: 'assume-role-any',
  severity: 'high',
  level: 'principal',
  title: 'Permission to assume any role',
  why: 'The principal can assume every role that trusts the account, including future ones.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html'],
  templates: true,
  find: (input) => principalsWith(input, 'sts:AssumeRole', 'List the roles in Resource'),
}
