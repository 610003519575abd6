import type { Audit } from '../audit.ts'
import type { Severity } from '../finding.ts'
import { rules } from '../rules/index.ts'

const levels: Readonly<Record<Severity, string>> = { critical: 'error', high: 'error', medium: 'warning', low: 'note' }
/** The sort order in GitHub code scanning ("SARIF support for code scanning", `security-severity`). */
const scores: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' }

/** The report as SARIF 2.1.0 (OASIS), for GitHub code scanning and similar tools. */
export function sarif({ findings }: Audit, version: string, uri: string): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'apigw',
            version,
            rules: rules.map(({ id, title, why, severity, references }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              ...(references.some((one) => one.startsWith('https:')) && {
                helpUri: references.find((one) => one.startsWith('https:')),
              }),
              defaultConfiguration: { level: levels[severity] },
              properties: { 'security-severity': scores[severity], tags: references.filter((one) => !one.startsWith('https:')) },
            })),
          },
        },
        results: findings.map(({ id, rule, severity, resource, title, evidence, dependsOn, fix, suppressed }) => ({
          ruleId: rule,
          level: levels[severity],
          message: { text: [title, ...evidence, `Fix: ${fix}`].join('\n') },
          partialFingerprints: { 'apigw/v1': id },
          ...(dependsOn.length > 0 && { properties: { verdict: 'depends', dependsOn } }),
          locations: [
            {
              physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
              logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }],
            },
          ],
          ...(suppressed !== null && {
            suppressions: [
              { kind: 'external', justification: `${suppressed.reason} (${suppressed.owner}, until ${suppressed.expires})` },
            ],
          }),
        })),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}
