import type { Node } from '../../escalation/graph.ts'
import { allowedOnAll, nonAdminPrincipals } from '../permissions.ts'
import { listNames, type Rule, type RuleFinding, type RuleInput } from '../rule.ts'

/** Services with a separate rule for full access. */
const guarded = new Set(['kms', 'cloudtrail'])

/** The services to which a principal has full access on all resources. */
function fullAccessServices(node: Node, account: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const { statements } of node.identity) {
    for (const { effect, actions } of statements) {
      if (effect !== 'Allow' || actions.not) continue
      for (const action of actions.values) {
        const [service = '', name] = action.split(':')
        if (name !== '*' || found.has(service) || service.includes('*')) continue
        const place = allowedOnAll(node, `${service}:apigwauditanything`, account)
        if (place !== undefined) found.set(service, place)
      }
    }
  }
  return found
}

function* fullAccess(input: RuleInput, isIncluded: (service: string) => boolean, what: string): Generator<RuleFinding> {
  for (const node of nonAdminPrincipals(input)) {
    const services = [...fullAccessServices(node, input.account.id)].filter(([service]) => isIncluded(service))
    if (services.length === 0) continue
    const names = services.map(([service]) => `${service}:*`)
    yield {
      resource: node.arn,
      title: `${node.principal.name} has ${what}: ${listNames(names)}`,
      evidence: services.map(([service, place]) => `${service}:* on all resources, ${place}`),
      fix: 'Generate a policy from the actions that it uses: aws accessanalyzer start-policy-generation --policy-generation-details principalArn=ARN',
    }
  }
}

export const serviceWildcard: Rule = {
  id: 'service-wildcard',
  severity: 'medium',
  level: 'principal',
  title: 'Full access to a service',
  why: 'A service wildcard includes the actions that delete resources and change their permissions.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html'],
  templates: true,
  find: (input) => fullAccess(input, (service) => !guarded.has(service), 'full access to services'),
}

export const guardedWildcard: Rule = {
  id: 'full-kms-or-cloudtrail',
  severity: 'medium',
  level: 'principal',
  title: 'Full access to KMS or CloudTrail',
  why: 'Deleting KMS keys destroys the data that they encrypt, and stopping CloudTrail hides an attack.',
  references: ['CIS 1.16', 'https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html'],
  templates: true,
  find: (input) => fullAccess(input, (service) => guarded.has(service), 'full access'),
}
