import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Audit } from '../audit.ts'
import type { Finding, Severity } from '../finding.ts'
import { rules } from '../rules/index.ts'

const levels: Readonly<Record<Severity, string>> = { critical: 'error', high: 'error', medium: 'warning', low: 'note' }
/** The sort order in GitHub code scanning ("SARIF support for code scanning", `security-severity`). */
const scores: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' }

/**
 * What GitHub refuses a file for
 * (https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit,
 * https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/file-too-large). It shows the worst 5,000.
 */
export const gitHubLimits = { results: 25_000, bytes: 10 * 1_000_000 }
/** Of the texts of a rule, and of a message, so that no single name fills the file. */
const maxRuleText = 1_024
const maxMessage = 8_192
const maxTags = 20

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** The path of the file as a URI reference relative to the repository. GitHub refuses other schemes and absolute paths. */
function artifactUri(path: string): string {
  const parts = path.replaceAll('\\', '/').split('/')
  const isOutside = path.startsWith('/') || /^[A-Za-z]:/.test(path) || parts.includes('..') || path === '-'
  const within = isOutside ? parts.slice(-1) : parts.filter((part) => part !== '.' && part !== '')
  return within.map((part) => encodeURIComponent(part === '-' ? 'stdin' : part)).join('/') || 'iam'
}

const driverRules = rules.map(({ id, title, why, severity, references }) => ({
  id,
  name: id,
  shortDescription: { text: cut(title, maxRuleText) },
  fullDescription: { text: cut(why, maxRuleText) },
  help: { text: [why, ...references].join('\n') },
  ...(references.some((one) => one.startsWith('https:')) && {
    helpUri: references.find((one) => one.startsWith('https:')),
  }),
  defaultConfiguration: { level: levels[severity] },
  properties: {
    'security-severity': scores[severity],
    tags: ['security', ...references.filter((one) => !one.startsWith('https:'))].slice(0, maxTags),
  },
}))

function resultOf({ id, variant, rule, severity, resource, title, evidence, dependsOn, fix }: Finding, uri: string): object {
  // All results are of one line of one file, so the line says nothing. GitHub distinguishes alerts of a rule by this hash alone.
  const primaryLocationLineHash = `${createHash('sha256').update(id).digest('hex').slice(0, 16)}:1`
  return {
    ruleId: rule,
    level: levels[severity],
    message: { text: cut([title, ...evidence, `Fix: ${fix}`].join('\n'), maxMessage) },
    partialFingerprints: { primaryLocationLineHash, 'apigw/v1': id },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }],
      },
    ],
    properties: {
      variant,
      'security-severity': scores[severity],
      ...(dependsOn.length > 0 && { verdict: 'depends', dependsOn }),
    },
  }
}

function logOf({ missing }: Audit, shown: readonly Finding[], left: number, version: string, uri: string): string {
  const notes = [
    ...missing.map((what) => `Not audited: ${what}`),
    ...(left === 0 ? [] : [`${left} findings of lower severity are left out, so that GitHub takes the file.`]),
  ]
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'apigw', version, rules: driverRules } },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: notes.map((text) => ({ level: 'warning', message: { text: cut(text, maxMessage) } })),
          },
        ],
        results: shown.map((finding) => resultOf(finding, uri)),
      },
    ],
  }
  return `${JSON.stringify(log, null, 1)}\n`
}

/**
 * The report as SARIF 2.1.0 (OASIS), for GitHub code scanning and similar tools. Accepted findings are not in it: GitHub ignores
 * `suppressions` and would show them as open alerts (https://github.com/github/codeql-action/issues/1230). An alert that is left out
 * is closed, and opens again when the acceptance ends. What is too much for GitHub is left out, the least severe first.
 */
export function sarif(audit: Audit, version: string, path: string, limits = gitHubLimits): string {
  const open = audit.findings.filter(({ suppressed }) => suppressed === null)
  const uri = artifactUri(path)
  let count = Math.min(open.length, limits.results)
  for (;;) {
    const text = logOf(audit, open.slice(0, count), open.length - count, version, uri)
    if (count === 0 || text.length <= limits.bytes || gzipSync(text).length <= limits.bytes) return text
    count = Math.floor(count / 2)
  }
}
