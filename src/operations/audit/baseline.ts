import * as z from 'zod'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { readYaml } from '../../domain/yaml-document.ts'
import { matches } from '../policy/index.ts'
import { type Finding, severities } from './finding.ts'

/** Selects findings. All fields must match: at least one filter in `any`, and every filter in `all`. */
interface FindingFilter {
  readonly id?: string | undefined
  readonly rule?: string | undefined
  readonly severity?: string | undefined
  /** May contain wildcards. */
  readonly resource?: string | undefined
  readonly any?: readonly FindingFilter[] | undefined
  readonly all?: readonly FindingFilter[] | undefined
}

const findingFilter: z.ZodType<FindingFilter> = z
  .strictObject({
    id: z.string().min(1).optional(),
    rule: z.string().min(1).optional(),
    severity: z.enum(severities).optional(),
    resource: z.string().min(1).optional(),
    get any() {
      return z.array(findingFilter).min(1).optional()
    },
    get all() {
      return z.array(findingFilter).min(1).optional()
    },
  })
  .refine((one) => Object.keys(one).length > 0, 'is empty and would accept everything')

const entry = z.strictObject({
  owner: z.string().min(1),
  reason: z.string().min(1),
  expires: z.iso.date('is not a date such as 2027-03-31'),
  accept: findingFilter,
})
const baseline = z.strictObject({ version: z.literal(1), accepted: z.array(entry) })

export type Baseline = z.infer<typeof baseline>

const next = 'see docs/security.md, "Accept a finding"'

/** Reads a baseline file. @throws Problem `audit-input-invalid` with the line or field */
export function readBaseline(text: string, name: string): Baseline {
  return readYaml(text, baseline, { name, code: 'audit-input-invalid', next })
}

function matchesFilter(finding: Finding, { id, rule, severity, resource, any, all }: FindingFilter): boolean {
  if (id !== undefined && id !== finding.id) return false
  if (rule !== undefined && rule !== finding.rule) return false
  if (severity !== undefined && severity !== finding.severity) return false
  if (resource !== undefined && !matches(resource, finding.resource)) return false
  if (any !== undefined && !any.some((one) => matchesFilter(finding, one))) return false
  return all === undefined || all.every((one) => matchesFilter(finding, one))
}

/** The end, in UTC, of the last day on which an acceptance is valid. */
function expiryOf(expires: string): number {
  return Date.parse(`${expires}T23:59:59.999Z`)
}

/** Marks the findings that the baseline accepts as suppressed. Expired entries are ignored. */
export function suppressed(findings: readonly Finding[], { accepted }: Baseline, now: number): Finding[] {
  const valid = accepted.filter(({ expires }) => expiryOf(expires) >= now)
  return findings.map((finding) => {
    const found = valid.find(({ accept }) => matchesFilter(finding, accept))
    return found === undefined
      ? finding
      : { ...finding, suppressed: { owner: found.owner, reason: found.reason, expires: found.expires } }
  })
}

/** Baseline entries that have expired or no longer match a finding. */
export function staleEntries(findings: readonly Finding[], { accepted }: Baseline, now: number): string[] {
  return accepted.flatMap(({ owner, reason, expires, accept }) => {
    if (expiryOf(expires) < now) return [`"${reason}" (${owner}) expired on ${expires}.`]
    return findings.some((finding) => matchesFilter(finding, accept))
      ? []
      : [`"${reason}" (${owner}) no longer matches a finding. Remove it.`]
  })
}

/**
 * The finding IDs in the `--json` output of an earlier run.
 * @throws Problem `audit-input-invalid`
 */
export function earlierIds(text: string, name: string): Set<string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const result = z.object({ findings: z.array(z.object({ id: z.string() })) }).safeParse(value)
  if (!result.success) {
    throw new Problem('audit-input-invalid', `${name} is not the JSON output of an earlier run: it has no list of findings.`, {
      next: step`${apigw('audit iam', '--json')} > before.json`,
    })
  }
  return new Set(result.data.findings.map(({ id }) => id))
}
