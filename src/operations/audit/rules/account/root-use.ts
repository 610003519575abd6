import { daysSince, type Rule } from '../rule.ts'

const recentDays = 30

export const rootUse: Rule = {
  id: 'root-use',
  severity: 'high',
  level: 'account',
  title: 'Root user used recently',
  why: 'Only a few tasks require the root user. No IAM policy restricts it.',
  references: ['CIS 1.7', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html'],
  templates: false,
  *find({ account, now }) {
    const root = account.facts.credentials?.find(({ user }) => user === '<root_account>')
    const uses = [root?.passwordUsed, ...(root?.keys ?? []).map(({ used }) => used)].filter((used) => used !== undefined)
    const last = Math.max(...uses)
    if (uses.length === 0 || daysSince(last, now) > recentDays) return
    yield {
      resource: `arn:${account.partition}:iam::${account.id}:root`,
      title: this.title,
      evidence: [`last used on ${new Date(last).toISOString().slice(0, 10)}`],
      fix: 'Find out in CloudTrail who used it and why, and create a role for that task: aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=root',
    }
  },
}
