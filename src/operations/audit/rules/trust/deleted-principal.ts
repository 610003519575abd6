import type { Rule } from '../rule.ts'

export const deletedPrincipal: Rule = {
  id: 'trust-deleted-principal',
  severity: 'low',
  level: 'trust',
  title: 'Trust policy with a deleted principal',
  why: 'IAM replaces a deleted principal with its unique ID. The entry is harmless, but shows that the role is not maintained.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids'],
  templates: true,
  *find({ account }) {
    for (const role of account.roles) {
      const ids = (role.trust?.statements ?? []).flatMap(({ principals }) =>
        (principals?.entries ?? [])
          .filter(({ kind, value }) => kind === 'AWS' && /^A[A-Z]{3}[A-Z0-9]{12,}$/.test(value))
          .map(({ value }) => value),
      )
      for (const id of new Set(ids)) {
        yield {
          resource: role.arn,
          key: id,
          title: `${role.name} trusts a deleted principal`,
          evidence: [id],
          fix: `Remove ${id}: aws iam update-assume-role-policy --role-name ${role.name} --policy-document file://trust.json`,
        }
      }
    }
  },
}
