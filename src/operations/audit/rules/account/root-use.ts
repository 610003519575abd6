import { daysSince, type Rule } from '../rule.ts'

const recentDays = 30

export const rootUse: Rule = {
  id: 'root-use',
  severity: 'high',
  level: 'account',
  title: 'The root user was used lately',
  why: 'Root is for the few tasks that nothing else can do; daily work with it goes past every limit.',
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
      fix: 'Find out who and why in CloudTrail, and give that person a role: aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=root',
    }
  },
}
