import type { Rule } from '../rule.ts'

export const serverCertificate: Rule = {
  id: 'expired-server-certificate',
  severity: 'high',
  level: 'account',
  title: 'Expired server certificate',
  why: 'Clients reject the connection if a load balancer uses it by mistake.',
  references: ['CIS 1.19', 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html'],
  templates: false,
  *find({ account, now }) {
    for (const { name, arn, expires } of account.facts.certificates ?? []) {
      if (expires > now) continue
      yield {
        resource: arn,
        title: `The server certificate ${name} has expired`,
        evidence: [`expired on ${new Date(expires).toISOString().slice(0, 10)}`],
        fix: `aws iam delete-server-certificate --server-certificate-name ${name}`,
      }
    }
  },
}
