import { mapAt, mapsIn } from '../../template/values.ts'
import { arnOf } from '../rights.ts'
import { byRole, byService, type Duties, logGroupArn, name } from './duty.ts'

export const flowLog: Duties = ({ properties, ...resource }, all) => {
  const role = String(properties.DeliverLogsPermissionArn)
  const logs = logGroupArn(all, properties.LogGroupName)
  const what = `${resource.stack}/${resource.logicalId}`
  return [
    { kind: 'assume', what: `${what} writes`, service: 'vpc-flow-logs.amazonaws.com', role },
    ...(logs === undefined
      ? []
      : byRole(what, role, [
          ['logs:CreateLogStream', logs],
          ['logs:PutLogEvents', logs],
        ])),
  ]
}

export const firehose: Duties = (resource) => {
  const to = mapAt(resource.properties, 'S3DestinationConfiguration')
  const [role, bucket] = [String(to.RoleARN), String(to.BucketARN)]
  const objects = `${bucket}/${String(to.Prefix ?? '')}2026/11/27/one.gz`
  // https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
  return [
    { kind: 'assume', what: `${name(resource)} writes`, service: 'firehose.amazonaws.com', role },
    ...byRole(name(resource), role, [
      ['s3:PutObject', objects],
      ['s3:AbortMultipartUpload', objects],
      ['s3:GetBucketLocation', bucket],
      ['s3:ListBucket', bucket],
      ['s3:ListBucketMultipartUploads', bucket],
    ]),
  ]
}

export const balancer: Duties = (resource, all) => {
  const attributes = new Map(
    mapsIn(resource.properties.LoadBalancerAttributes).map(({ Key, Value }) => [String(Key), String(Value)]),
  )
  if (attributes.get('access_logs.s3.enabled') !== 'true') return []
  const account = resource.physicalId.split(':')[4]
  const bucket = all.find(
    ({ type, physicalId }) => type === 'AWS::S3::Bucket' && physicalId === attributes.get('access_logs.s3.bucket'),
  )
  const prefix = attributes.get('access_logs.s3.prefix')
  const path = `${prefix === undefined ? '' : `${prefix}/`}AWSLogs/${account}/elasticloadbalancing/one.log.gz`
  const service = 'logdelivery.elasticloadbalancing.amazonaws.com'
  const to = `arn:aws:s3:::${bucket?.physicalId ?? attributes.get('access_logs.s3.bucket')}/${path}`
  return [byService(`${name(resource)} writes its log`, service, resource.physicalId, 's3:PutObject', to)]
}

export const trail: Duties = (resource, all) => {
  const { S3BucketName, CloudWatchLogsRoleArn, CloudWatchLogsLogGroupArn, KMSKeyId } = resource.properties
  const arn = String(resource.attribute('Arn'))
  const account = arn.split(':')[4]
  const bucket = arnOf(String(S3BucketName))
  const put = byService(
    `${name(resource)} writes to its bucket`,
    'cloudtrail.amazonaws.com',
    arn,
    's3:PutObject',
    `${bucket}/AWSLogs/${account}/CloudTrail/one.json.gz`,
    { 's3:x-amz-acl': 'bucket-owner-full-control' },
  )
  const look = byService(`${name(resource)} looks at its bucket`, 'cloudtrail.amazonaws.com', arn, 's3:GetBucketAcl', bucket)
  const key = all.find(
    ({ type, physicalId, attribute }) => type === 'AWS::KMS::Key' && (physicalId === KMSKeyId || attribute('Arn') === KMSKeyId),
  )
  const encrypt =
    key === undefined
      ? []
      : ['kms:GenerateDataKey', 'kms:DescribeKey'].map((action) =>
          byService(`${name(resource)} encrypts`, 'cloudtrail.amazonaws.com', arn, action, String(key.attribute('Arn'))),
        )
  if (CloudWatchLogsRoleArn === undefined) return [look, put, ...encrypt]
  const stream = String(CloudWatchLogsLogGroupArn).replace(/\*$/, `log-stream:${account}_CloudTrail_one`)
  const role = String(CloudWatchLogsRoleArn)
  return [
    look,
    put,
    ...encrypt,
    { kind: 'assume', what: `${name(resource)} writes to its log group`, service: 'cloudtrail.amazonaws.com', role },
    ...byRole(`${name(resource)} writes to its log group`, role, [
      ['logs:CreateLogStream', stream],
      ['logs:PutLogEvents', stream],
    ]),
  ]
}

/** An encrypted log group: its key lets CloudWatch Logs of the region use it. */
export const logGroup: Duties = (resource, all) => {
  const { KmsKeyId } = resource.properties
  const key = all.find(({ type, attribute }) => type === 'AWS::KMS::Key' && attribute('Arn') === KmsKeyId)
  if (key === undefined) return []
  const arn = String(resource.attribute('Arn')).replace(/:\*$/, '')
  const region = arn.split(':')[3]
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  return ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'].map((action) =>
    byService(`${name(resource)} is encrypted`, `logs.${region}.amazonaws.com`, arn, action, String(key.attribute('Arn')), {
      'kms:EncryptionContext:aws:logs:arn': arn,
    }),
  )
}
