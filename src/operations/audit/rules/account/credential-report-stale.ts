import { daysSince, type Rule } from '../rule.ts'

export const credentialReportStale: Rule = {
  id: 'credential-report-stale',
  severity: 'low',
  level: 'account',
  title: 'Outdated credential report',
  why: 'The data about keys and passwords may be outdated.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html'],
  templates: false,
  *find({ account, now }) {
    const { credentials } = account.facts
    // The report itself is not dated. Its age is at most that of the most recent entry.
    const instants = (credentials ?? []).flatMap((row) => [row.created, row.passwordUsed, ...row.keys.map(({ used }) => used)])
    const at = account.facts.credentialsAt ?? Math.max(...instants.filter((one) => one !== undefined))
    const age = daysSince(at, now)
    if (credentials === undefined || !Number.isFinite(at) || age < 30) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:credential-report`,
      title: this.title,
      evidence: [`the most recent entry is ${age} days old`],
      fix: 'aws iam generate-credential-report && aws iam get-credential-report --query Content --output text | base64 -d > credentials.csv',
    }
  },
}
