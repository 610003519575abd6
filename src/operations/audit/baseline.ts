import * as z from 'zod'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { readYaml } from '../../domain/yaml-document.ts'
import { matches } from '../policy/index.ts'
import { atLeast, type Finding, severities } from './finding.ts'

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

/** The longest time for which a finding can be accepted, and that of `audit accept` unless it says otherwise. */
export const maxAcceptedDays = 365
export const defaultAcceptedDays = 90
/** An entry that ends within these days is named. */
const soonDays = 14
const dayMs = 86_400_000

/** The end, in UTC, of the last day on which an acceptance is valid. */
function expiryOf(expires: string): number {
  return Date.parse(`${expires}T23:59:59.999Z`)
}

function baselineSchema(now: number) {
  const entry = z.strictObject({
    owner: z.string().min(1),
    reason: z.string().min(1),
    expires: z.iso
      .date('is not a date such as 2027-03-31')
      .refine((date) => expiryOf(date) < now + (maxAcceptedDays + 1) * dayMs, `is more than ${maxAcceptedDays} days from now`),
    accept: findingFilter,
    /** The most severe that is accepted. */
    severity: z.enum(severities).optional(),
    /** The variant that is accepted, such as one escalation path. */
    variant: z.string().min(1).optional(),
  })
  return z.strictObject({ version: z.literal(1), accepted: z.array(entry) })
}

export type Baseline = z.infer<ReturnType<typeof baselineSchema>>
type Entry = Baseline['accepted'][number]

const next = 'see docs/security.md, "Accept a finding"'

/**
 * Reads a baseline file.
 * @param now milliseconds since 1970, from which an acceptance may last a year at most
 * @throws Problem `audit-input-invalid` with the line or field
 */
export function readBaseline(text: string, name: string, now: number): Baseline {
  return readYaml(text, baselineSchema(now), { name, code: 'audit-input-invalid', next })
}

function matchesFilter(finding: Finding, { id, rule, severity, resource, any, all }: FindingFilter): boolean {
  if (id !== undefined && id !== finding.id) return false
  if (rule !== undefined && rule !== finding.rule) return false
  if (severity !== undefined && severity !== finding.severity) return false
  if (resource !== undefined && !matches(resource, finding.resource)) return false
  if (any !== undefined && !any.some((one) => matchesFilter(finding, one))) return false
  return all === undefined || all.every((one) => matchesFilter(finding, one))
}

/** Why an entry that selects a finding does not cover it, if it does not: it is not what was accepted. */
function changeOf(finding: Finding, { severity, variant }: Entry): string | undefined {
  if (severity !== undefined && !atLeast(severity, finding.severity)) {
    return `is ${finding.severity} now, and ${severity} was accepted`
  }
  return variant === undefined || variant === finding.variant ? undefined : 'has a different path from the one that was accepted'
}

function covers(entry: Entry, finding: Finding): boolean {
  return matchesFilter(finding, entry.accept) && changeOf(finding, entry) === undefined
}

/** Marks the findings that the baseline accepts as suppressed. Expired entries, and findings that changed, count. */
export function suppressed(findings: readonly Finding[], { accepted }: Baseline, now: number): Finding[] {
  const valid = accepted.filter(({ expires }) => expiryOf(expires) >= now)
  return findings.map((finding) => {
    const found = valid.find((entry) => covers(entry, finding))
    return found === undefined
      ? finding
      : { ...finding, suppressed: { owner: found.owner, reason: found.reason, expires: found.expires } }
  })
}

/** Baseline entries that expired or soon do, that match nothing, or whose finding changed. */
export function staleEntries(findings: readonly Finding[], { accepted }: Baseline, now: number): string[] {
  return accepted.flatMap((entry) => {
    const { owner, reason, expires, accept } = entry
    const name = `"${reason}" (${owner})`
    const matching = findings.filter((finding) => matchesFilter(finding, accept))
    if (matching.length === 0) return [`${name} no longer matches a finding. Remove it.`]
    const count = quantity(matching.length, 'finding')
    if (expiryOf(expires) < now)
      return [`${name} expired on ${expires}: ${count} counts again.`.replace('findings counts', 'findings count')]
    const changes = matching.flatMap((finding) => {
      const change = changeOf(finding, entry)
      return change === undefined ? [] : [`${name} does not cover ${finding.id}: it ${change}.`]
    })
    return expiryOf(expires) < now + soonDays * dayMs ? [...changes, `${name} expires on ${expires}.`] : changes
  })
}

const earlierRun = z.object({
  findings: z.array(z.object({ id: z.string(), severity: z.enum(severities), variant: z.string().optional() })),
})

/** A finding of an earlier run, as far as a baseline needs it. */
export type EarlierFinding = z.infer<typeof earlierRun>['findings'][number]

/**
 * The findings in the `--json` output of an earlier run.
 * @throws Problem `audit-input-invalid`
 */
export function earlierFindings(text: string, name: string): EarlierFinding[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const result = earlierRun.safeParse(value)
  if (!result.success) {
    throw new Problem('audit-input-invalid', `${name} is not the JSON output of an earlier run: it has no list of findings.`, {
      next: step`${apigw('audit iam', '--json')} > before.json`,
    })
  }
  return result.data.findings
}
