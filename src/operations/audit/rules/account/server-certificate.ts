import type { Rule } from '../rule.ts'

export const serverCertificate: Rule = {
  id: 'expired-server-certificate',
  severity: 'high',
  level: 'account',
  title: 'A server certificate has expired',
  why: 'A load balancer that is given it by mistake refuses every client.',
  references: ['CIS 1.19', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html'],
  templates: false,
  *find({ account, now }) {
    for (const { name, arn, expires } of account.facts.certificates ?? []) {
      if (expires > now) continue
      yield {
        resource: arn,
        title: `The server certificate ${name} has expired`,
        evidence: [`on ${new Date(expires).toISOString().slice(0, 10)}`],
        fix: `aws iam delete-server-certificate --server-certificate-name ${name}`,
      }
    }
  },
}
