import { resourceReaders } from './resources/readers.ts'

/** What a live run asks of IAM. */
const iamActions = [
  'iam:GenerateCredentialReport',
  'iam:GetAccountAuthorizationDetails',
  'iam:GetAccountPasswordPolicy',
  'iam:GetAccountSummary',
  'iam:GetCredentialReport',
  'iam:ListOpenIDConnectProviders',
  'iam:ListSAMLProviders',
  'iam:ListSSHPublicKeys',
  'iam:ListServerCertificates',
]

/** A policy document. */
export interface ReadPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly {
    readonly Sid: string
    readonly Effect: 'Allow'
    readonly Action: readonly string[]
    readonly Resource: '*'
  }[]
}

/**
 * The rights that a live audit needs, and no others. They are all reads. It lists what it does not know yet, so the resource is `*`.
 * @param resources whether it reads the resources of other services
 */
export function readPolicyFor(resources: boolean): ReadPolicy {
  const statement = (Sid: string, actions: readonly string[]): ReadPolicy['Statement'][number] => ({
    Sid,
    Effect: 'Allow',
    Action: [...new Set(actions)].toSorted(),
    Resource: '*',
  })
  const ofResources = ['ec2:DescribeRegions', ...resourceReaders.flatMap(({ actions }) => actions)]
  return {
    Version: '2012-10-17',
    Statement: [statement('ReadIam', iamActions), ...(resources ? [statement('ReadWhatUsesRoles', ofResources)] : [])],
  }
}
