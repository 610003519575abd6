import type { Rule } from '../rule.ts'

/** Deprecated AWS managed policies and their replacements (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html). */
const replaced: Readonly<Record<string, string>> = {
  AWSLambdaFullAccess: 'AWSLambda_FullAccess',
  AWSLambdaReadOnlyAccess: 'AWSLambda_ReadOnlyAccess',
  AmazonEC2RoleforSSM: 'AmazonSSMManagedInstanceCore',
  AmazonEC2SpotFleetRole: 'AmazonEC2SpotFleetTaggingRole',
  AmazonElasticMapReduceFullAccess: 'AmazonEMRFullAccessPolicy_v2',
  AmazonElasticMapReduceRole: 'AmazonEMRServicePolicy_v2',
  AmazonElasticTranscoderFullAccess: 'AmazonElasticTranscoder_FullAccess',
  AmazonMachineLearningRoleforRedshiftDataSource: 'AmazonMachineLearningRoleforRedshiftDataSourceV2',
  AmazonSSMFullAccess: 'AmazonSSMManagedInstanceCore',
  AWSCodeStarServiceRole: 'a customer managed policy',
  AWSConfigRole: 'AWS_ConfigRole',
  AWSDeepLensLambdaFunctionAccessPolicy: 'a customer managed policy',
  AWSGlueConsoleSageMakerNotebookFullAccess: 'a customer managed policy',
  AWSElasticBeanstalkFullAccess: 'AdministratorAccess-AWSElasticBeanstalk',
  AWSElasticBeanstalkService: 'AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy',
}

export const deprecatedPolicy: Rule = {
  id: 'deprecated-managed-policy',
  severity: 'low',
  level: 'hygiene',
  title: 'Deprecated AWS managed policy in use',
  why: 'AWS no longer updates deprecated policies. Most were replaced because they allowed too much.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html'],
  templates: true,
  *find({ account }) {
    for (const { arn, name, grants, unread, type } of [...account.users, ...account.roles]) {
      const arns = [...grants.filter(({ group }) => group === undefined).map(({ policy }) => policy.arn ?? ''), ...unread]
      for (const policy of arns.filter((one) => one.includes(':iam::aws:policy/'))) {
        const old = policy.split('/').at(-1) ?? ''
        const instead = replaced[old]
        if (instead === undefined) continue
        yield {
          resource: arn,
          key: policy,
          title: `${name} has the deprecated policy ${old}`,
          evidence: [policy],
          fix: `Attach ${instead}, then run: aws iam detach-${type}-policy --${type}-name ${name} --policy-arn ${policy}`,
        }
      }
    }
  },
}
