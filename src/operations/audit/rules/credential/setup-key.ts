import { day, type Rule } from '../rule.ts'

const atOnceMs = 10 * 60_000
const graceMs = 7 * day

export const setupKey: Rule = {
  id: 'key-never-used',
  severity: 'medium',
  level: 'credential',
  title: 'Access key never used',
  why: 'The key was probably created together with the user and is not needed.',
  references: ['CIS 1.11', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html'],
  templates: false,
  *find({ account, now }) {
    for (const { user, arn, created, password, keys } of account.facts.credentials ?? []) {
      for (const { slot, active, used, rotated } of keys) {
        if (!active || used !== undefined || rotated === undefined || now - rotated < graceMs) continue
        const atSetUp = created !== undefined && rotated - created < atOnceMs
        yield {
          resource: arn,
          key: String(slot),
          title: `Access key ${slot} of ${user} was never used`,
          evidence: [
            atSetUp
              ? `created with the user${password === true ? ', who also has a password' : ''}`
              : `created on ${new Date(rotated).toISOString().slice(0, 10)}`,
          ],
          fix: `aws iam delete-access-key --user-name ${user} --access-key-id KEY`,
        }
      }
    }
  },
}
