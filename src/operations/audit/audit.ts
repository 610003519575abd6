import { type Account, isServiceLinked, type Regions } from './account/account.ts'
import type { Escalation } from './escalation/search.ts'
import { findEscalations } from './escalation/search.ts'
import { cutText, hopText } from './escalation/text.ts'
import { type Finding, findingId, type Severity, severities, variantOf } from './finding.ts'
import { loadActions } from './knowledge/actions.ts'
import { vendors } from './knowledge/vendors.ts'
import { rules } from './rules/index.ts'
import { allPolicies } from './rules/policies.ts'
import type { Rule, RuleInput } from './rules/rule.ts'

/** A privilege escalation path, as printed by `--json`. */
export interface EscalationPath {
  /** Path IDs in the pathfinding.cloud catalogue, one for each step. */
  readonly ids: readonly string[]
  readonly steps: readonly {
    readonly from: string
    readonly to: string | null
    readonly actions: readonly string[]
    readonly words: string
  }[]
  readonly conditions: readonly string[]
  /** The permission to remove to close this path. */
  readonly cut: string
}

export interface PrincipalVerdict {
  readonly arn: string
  readonly type: 'user' | 'role'
  readonly admin: 'yes' | 'conditional' | 'no'
  /** The conditions under which the principal is an administrator. */
  readonly conditions: readonly string[]
  readonly escalation: { readonly verdict: 'proven' | 'conditional' | 'none'; readonly paths: readonly EscalationPath[] }
}

export interface Summary {
  readonly account: string
  readonly users: number
  readonly roles: number
  readonly groups: number
  readonly policies: number
  readonly administrators: number
  readonly escalations: number
  /** Findings by severity, without the suppressed ones. */
  readonly findings: Readonly<Record<Severity, number>>
  readonly suppressed: number
}

export interface Audit {
  readonly summary: Summary
  readonly principals: readonly PrincipalVerdict[]
  readonly findings: readonly Finding[]
  /** The data that could not be read and was therefore not checked. */
  readonly missing: readonly string[]
  /** Where the resources that use roles were read; `null` if they were not. */
  readonly regions: Regions | null
}

function pathOf(found: Escalation): EscalationPath {
  return {
    ids: found.hops.map(({ move }) => move.id),
    steps: found.hops.map((hop) => ({ from: hop.from, to: hop.to ?? null, actions: hop.move.actions, words: hopText(hop) })),
    conditions: found.on,
    cut: cutText(found),
  }
}

function principalsOf({ graph, escalations }: RuleInput): PrincipalVerdict[] {
  return graph.nodes.map(({ arn, type, admin }) => {
    const found = escalations.get(arn)
    return {
      arn,
      type,
      admin: admin.verdict,
      conditions: admin.on,
      escalation: found === undefined ? { verdict: 'none', paths: [] } : { verdict: found.verdict, paths: [pathOf(found)] },
    }
  })
}

function findingsOf(rule: Rule, input: RuleInput): Finding[] {
  const seen = new Map<string, number>()
  return [...rule.find(input)].map(
    ({ resource, key, path = [], title, evidence, dependsOn = [], fix, severity = rule.severity }) => {
      // Two policies with the same name on one principal would otherwise share an ID.
      const times = (seen.get(`${resource}|${key}`) ?? 0) + 1
      seen.set(`${resource}|${key}`, times)
      return {
        id: findingId(rule.id, resource, times === 1 ? key : `${key ?? ''} ${times}`),
        variant: variantOf(path),
        rule: rule.id,
        severity,
        resource,
        title,
        evidence: evidence.filter((line) => line !== ''),
        dependsOn,
        fix,
        references: rule.references,
        suppressed: null,
      }
    },
  )
}

/** Counts findings by severity. Suppressed findings are counted separately. */
export function tally(findings: readonly Finding[]): Pick<Summary, 'findings' | 'suppressed'> {
  const open = findings.filter(({ suppressed }) => suppressed === null)
  const of = (severity: Severity): number => open.filter((finding) => finding.severity === severity).length
  return {
    findings: { critical: of('critical'), high: of('high'), medium: of('medium'), low: of('low') },
    suppressed: findings.length - open.length,
  }
}

function servicesNamed(account: Account): Set<string> {
  const services = new Set<string>()
  for (const { policy } of allPolicies(account)) {
    for (const { actions } of policy.statements) {
      for (const action of actions.values) services.add(action.split(':')[0] ?? '')
    }
  }
  return services
}

/**
 * Audits an account: evaluates the effective permissions of each principal and runs every rule.
 * @param now milliseconds since 1970, from which ages are calculated
 */
export async function audit(account: Account, now = Date.now()): Promise<Audit> {
  const actions = await loadActions(servicesNamed(account))
  const input: RuleInput = { ...findEscalations(account), account, actions, vendors, now }
  const applicable = rules.filter(({ templates }) => templates || account.source === 'account')
  const findings = applicable
    .flatMap((rule) => findingsOf(rule, input))
    .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || (a.resource < b.resource ? -1 : 1))
  const { graph, escalations } = input
  const customerPrincipals = graph.nodes.filter(({ principal }) => !isServiceLinked(principal))
  return {
    summary: {
      account: account.id,
      users: account.users.length,
      roles: account.roles.length,
      groups: account.groups.length,
      policies: account.policies.filter(({ awsManaged }) => !awsManaged).length,
      administrators: customerPrincipals.filter(({ admin }) => admin.verdict === 'yes').length,
      escalations: escalations.size,
      ...tally(findings),
    },
    principals: principalsOf(input),
    findings,
    missing: [
      ...account.missing,
      ...[...graph.unsearched].map((arn) => `some paths of ${arn}: it can change itself or others in too many ways`),
    ],
    regions: account.facts.regions ?? null,
  }
}
