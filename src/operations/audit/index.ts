export { withAccepted } from './accept.ts'
export { type Audit, audit, tally } from './audit.ts'
export {
  defaultAcceptedDays,
  earlierFindings,
  maxAcceptedDays,
  readBaseline,
  staleEntries,
  suppressed,
} from './baseline.ts'
export { type Explanation, explainRequest } from './explain/explain.ts'
export { atLeast, type Finding, type Severity, severities } from './finding.ts'
export { dot } from './graph/dot.ts'
export { applyPlan, planOf, planText, readPlan } from './remediation/index.ts'
export { csv } from './report/csv.ts'
export { grouped } from './report/group.ts'
export { html } from './report/html.ts'
export { markdown } from './report/markdown.ts'
export { sarif } from './report/sarif.ts'
export { readText } from './sources/file.ts'
export { readLive } from './sources/live.ts'
export { readOffline, readPolicies } from './sources/offline.ts'
export { readPolicyFor } from './sources/rights.ts'
export { savedText } from './sources/saved.ts'
