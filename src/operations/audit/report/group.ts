import { type Finding, type Suppression, severities } from '../finding.ts'

/** The findings for a resource, most severe first. */
export interface Group {
  readonly resource: string
  readonly findings: readonly Finding[]
}

const rankOf = (finding: Finding | undefined): number =>
  finding === undefined ? severities.length : severities.indexOf(finding.severity)

/** Findings that are not suppressed, by resource. The resource with the most severe finding comes first. */
export function grouped(findings: readonly Finding[]): Group[] {
  const open = findings.filter(({ suppressed }) => suppressed === null)
  return [...Map.groupBy(open, ({ resource }) => resource)]
    .map(([resource, own]) => ({ resource, findings: own.toSorted((a, b) => rankOf(a) - rankOf(b)) }))
    .sort(
      (a, b) =>
        rankOf(a.findings[0]) - rankOf(b.findings[0]) ||
        b.findings.length - a.findings.length ||
        (a.resource < b.resource ? -1 : 1),
    )
}

/** Accepted findings, each with who accepted it, why and until when. */
export function acceptedOf(findings: readonly Finding[]): (Finding & { readonly suppressed: Suppression })[] {
  return findings.flatMap((finding) => (finding.suppressed === null ? [] : [{ ...finding, suppressed: finding.suppressed }]))
}
