import type { Rule } from '../rule.ts'

/** Policies of AWS that it replaced, and by what (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html). */
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
  AWSCodeStarServiceRole: 'a policy of your own',
  AWSConfigRole: 'AWS_ConfigRole',
  AWSDeepLensLambdaFunctionAccessPolicy: 'a policy of your own',
  AWSGlueConsoleSageMakerNotebookFullAccess: 'a policy of your own',
  AWSElasticBeanstalkFullAccess: 'AdministratorAccess-AWSElasticBeanstalk',
  AWSElasticBeanstalkService: 'AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy',
}

export const deprecatedPolicy: Rule = {
  id: 'deprecated-managed-policy',
  severity: 'low',
  level: 'hygiene',
  title: 'A policy that AWS replaced is in use',
  why: 'Most were replaced because they allowed too much; they get no corrections.',
  references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html'],
  templates: true,
  *find({ account }) {
    for (const { arn, name, held, unread, type } of [...account.users, ...account.roles]) {
      const arns = [...held.filter(({ group }) => group === undefined).map(({ policy }) => policy.arn ?? ''), ...unread]
      for (const policy of arns.filter((one) => one.includes(':iam::aws:policy/'))) {
        const old = policy.split('/').at(-1) ?? ''
        const instead = replaced[old]
        if (instead === undefined) continue
        yield {
          resource: arn,
          key: policy,
          title: `${name} has ${old}, which AWS replaced`,
          evidence: [policy],
          fix: `Attach ${instead}, then: aws iam detach-${type}-policy --${type}-name ${name} --policy-arn ${policy}`,
        }
      }
    }
  },
}
