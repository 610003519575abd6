import * as z from 'zod'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { readYaml } from '../../domain/yaml-document.ts'
import { type Finding, severities } from './finding.ts'
import { matches } from './policy/match.ts'

/** What a finding must be like: all that is named must fit; of `any` one, of `all` every one. */
interface Fits {
  readonly id?: string | undefined
  readonly rule?: string | undefined
  readonly severity?: string | undefined
  /** With wildcards. */
  readonly resource?: string | undefined
  readonly any?: readonly Fits[] | undefined
  readonly all?: readonly Fits[] | undefined
}

const fits: z.ZodType<Fits> = z
  .strictObject({
    id: z.string().min(1).optional(),
    rule: z.string().min(1).optional(),
    severity: z.enum(severities).optional(),
    resource: z.string().min(1).optional(),
    get any() {
      return z.array(fits).min(1).optional()
    },
    get all() {
      return z.array(fits).min(1).optional()
    },
  })
  .refine((one) => Object.keys(one).length > 0, 'names nothing, and so would accept everything')

const entry = z.strictObject({
  owner: z.string().min(1),
  reason: z.string().min(1),
  expires: z.iso.date('is not a day such as 2027-03-31'),
  accept: fits,
})
const baseline = z.strictObject({ version: z.literal(1), accepted: z.array(entry) })

export type Baseline = z.infer<typeof baseline>

const next = 'see docs/security.md, "Accept a finding"'

/** Reads a file of accepted findings. @throws Problem `audit-input-invalid` that names line and field */
export function readBaseline(text: string, name: string): Baseline {
  return readYaml(text, baseline, { name, code: 'audit-input-invalid', next })
}

function isFit(finding: Finding, { id, rule, severity, resource, any, all }: Fits): boolean {
  if (id !== undefined && id !== finding.id) return false
  if (rule !== undefined && rule !== finding.rule) return false
  if (severity !== undefined && severity !== finding.severity) return false
  if (resource !== undefined && !matches(resource, finding.resource)) return false
  if (any !== undefined && !any.some((one) => isFit(finding, one))) return false
  return all === undefined || all.every((one) => isFit(finding, one))
}

/** The end of the last day, in UTC, on which an acceptance holds. */
function endOf(expires: string): number {
  return Date.parse(`${expires}T23:59:59.999Z`)
}

/** Findings with those that somebody accepted, for as long as he did. */
export function suppressed(findings: readonly Finding[], { accepted }: Baseline, now: number): Finding[] {
  const valid = accepted.filter(({ expires }) => endOf(expires) >= now)
  return findings.map((finding) => {
    const found = valid.find(({ accept }) => isFit(finding, accept))
    return found === undefined
      ? finding
      : { ...finding, suppressed: { owner: found.owner, reason: found.reason, expires: found.expires } }
  })
}

/** Acceptances that have run out, and those that fit nothing any more. */
export function staleEntries(findings: readonly Finding[], { accepted }: Baseline, now: number): string[] {
  return accepted.flatMap(({ owner, reason, expires, accept }) => {
    if (endOf(expires) < now) return [`"${reason}" (${owner}) ran out on ${expires}.`]
    return findings.some((finding) => isFit(finding, accept))
      ? []
      : [`"${reason}" (${owner}) fits no finding any more: take it out.`]
  })
}

/**
 * Ids of the findings of an earlier run: of its `--json`, or any text that names one a line.
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
    throw new Problem('audit-input-invalid', `${name} is not what an earlier run wrote: it has no list of findings.`, {
      next: step`${apigw('audit iam', '--json')} > before.json`,
    })
  }
  return new Set(result.data.findings.map(({ id }) => id))
}
