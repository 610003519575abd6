import { daysSince, type Rule } from '../rule.ts'

export const credentialReportStale: Rule = {
  id: 'credential-report-stale',
  severity: 'low',
  level: 'account',
  title: 'The credential report is old',
  why: 'What it says of keys and passwords may not be true any more.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html'],
  templates: false,
  *find({ account, now }) {
    const { credentials } = account.facts
    // The report has no date of its own: nothing in it can be later than its making.
    const instants = (credentials ?? []).flatMap((row) => [row.created, row.passwordUsed, ...row.keys.map(({ used }) => used)])
    const at = account.facts.credentialsAt ?? Math.max(...instants.filter((one) => one !== undefined))
    const age = daysSince(at, now)
    if (credentials === undefined || !Number.isFinite(at) || age < 30) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:credential-report`,
      title: this.title,
      evidence: [`nothing in it is later than ${age} days ago`],
      fix: 'aws iam generate-credential-report && aws iam get-credential-report --query Content --output text | base64 -d > credentials.csv',
    }
  },
}
