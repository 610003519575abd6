import { quantity } from '../../../../domain/quantity.ts'
import type { Rule } from '../rule.ts'

export const certificates: Rule = {
  id: 'signing-certificate',
  severity: 'low',
  level: 'credential',
  title: 'User with a signing certificate or SSH key',
  why: 'These are legacy credentials that are rarely rotated.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html'],
  templates: false,
  *find({ account }) {
    for (const { user, arn, certificates: count } of account.facts.credentials ?? []) {
      if (count === 0) continue
      yield {
        resource: arn,
        key: 'certificate',
        title: `${user} has ${quantity(count, 'active signing certificate')}`,
        evidence: ['cert_1_active or cert_2_active is true'],
        fix: `aws iam list-signing-certificates --user-name ${user}, then run: aws iam delete-signing-certificate --user-name ${user} --certificate-id ID`,
      }
    }
    for (const { user, id } of account.facts.sshKeys ?? []) {
      yield {
        resource: `arn:${account.partition}:iam::${account.id}:user/${user}`,
        key: id,
        title: `${user} has an SSH key`,
        evidence: [id],
        fix: `aws iam delete-ssh-public-key --user-name ${user} --ssh-public-key-id ${id}`,
      }
    }
  },
}
