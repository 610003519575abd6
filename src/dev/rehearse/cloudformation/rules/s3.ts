import { type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const naming = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html'
const deleting = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html'

const empty: Rule = {
  source: deleting,
  refuse: ({ id }, { facts }) =>
    (facts.objects.get(id)?.size ?? 0) > 0 ? 'The bucket you tried to delete is not empty' : undefined,
}

const bucketExists: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html',
  refuse: ({ properties }, { inventory }) => {
    const bucket = textAt(properties, 'Bucket')
    return inventory.find('AWS::S3::Bucket', bucket) === undefined ? 'The specified bucket does not exist' : undefined
  },
}

const onePolicy: Rule = {
  source: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucketpolicy.html',
  refuse: ({ id, properties }, { inventory }) => {
    const bucket = textAt(properties, 'Bucket')
    const other = inventory
      .of('AWS::S3::BucketPolicy')
      .some((one) => one.id !== id && textAt(one.properties, 'Bucket') === bucket)
    return other ? `The bucket policy already exists on bucket ${bucket}.` : undefined
  },
}

export const s3: ServiceRules = {
  'AWS::S3::Bucket': {
    name: 'BucketName',
    replaces: ['BucketName', 'BucketNamePrefix', 'BucketNamespace'],
    valid: [shaped('BucketName', /^(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, naming)],
    remove: [empty],
  },
  'AWS::S3::BucketPolicy': { replaces: ['Bucket'], valid: [bucketExists], create: [onePolicy] },
}
