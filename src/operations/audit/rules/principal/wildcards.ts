import type { Node } from '../../escalation/world.ts'
import { allowedOnAll, judgedPrincipals } from '../judge.ts'
import { type Found, type Rule, some, type View } from '../rule.ts'

/** Those of which all rights have a rule of their own. */
const guarded = new Set(['kms', 'cloudtrail'])

/** Services whose every action a principal is given, on everything. */
function wholeServices(node: Node, account: string): Map<string, string> {
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

function* whole(view: View, matters: (service: string) => boolean, what: string): Generator<Found> {
  for (const node of judgedPrincipals(view)) {
    const services = [...wholeServices(node, view.account.id)].filter(([service]) => matters(service))
    if (services.length === 0) continue
    const names = services.map(([service]) => `${service}:*`)
    yield {
      resource: node.arn,
      title: `${node.principal.name} has ${what}: ${some(names)}`,
      evidence: services.map(([service, place]) => `${service}:* on everything, ${place}`),
      fix: 'Name the actions that it used: aws accessanalyzer start-policy-generation --policy-generation-details principalArn=ARN',
    }
  }
}

export const serviceWildcard: Rule = {
  id: 'service-wildcard',
  severity: 'medium',
  level: 'principal',
  title: 'All rights over a service',
  why: 'Deleting and opening belong to "everything" too.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html'],
  templates: true,
  find: (view) => whole(view, (service) => !guarded.has(service), 'all rights over a service'),
}

export const guardedWildcard: Rule = {
  id: 'full-kms-or-cloudtrail',
  severity: 'medium',
  level: 'principal',
  title: 'All rights over keys or over the trail',
  why: 'Who may delete keys may destroy all data; who may stop the trail is not seen.',
  references: ['CIS 1.16', 'https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html'],
  templates: true,
  find: (view) => whole(view, (service) => guarded.has(service), 'all rights over keys or the trail'),
}
