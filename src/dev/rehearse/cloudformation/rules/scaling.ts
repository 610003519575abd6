import { numberAt, oneOfAKind, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const targets = 'https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html'
const streams = 'https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html'

const leastBelowMost: Rule = {
  source: targets,
  refuse: ({ properties }) =>
    (numberAt(properties, 'MinCapacity') ?? 0) > (numberAt(properties, 'MaxCapacity') ?? 0)
      ? 'Maximum capacity cannot be less than minimum capacity'
      : undefined,
}

const serviceExists: Rule = {
  source: targets,
  refuse: ({ properties }, { inventory }) => {
    const [, cluster, service] = /^service\/(.+)\/(.+)$/.exec(textAt(properties, 'ResourceId')) ?? []
    if (service === undefined) return undefined
    const found = inventory.of('AWS::ECS::Service').some(({ id }) => id.endsWith(`/${cluster}/${service}`))
    return found ? undefined : `ECS service doesn't exist: ${textAt(properties, 'ResourceId')}`
  },
}

const bucketExists: Rule = {
  source: streams,
  refuse: ({ properties }, { inventory }) => {
    const bucket = textAt(properties, 'S3DestinationConfiguration.BucketARN').replace('arn:aws:s3:::', '')
    return bucket === '' || inventory.find('AWS::S3::Bucket', bucket)
      ? undefined
      : `The specified bucket does not exist: ${bucket}`
  },
}

export const scaling: ServiceRules = {
  'AWS::ApplicationAutoScaling::ScalableTarget': {
    replaces: ['ResourceId', 'ScalableDimension', 'ServiceNamespace'],
    valid: [leastBelowMost, serviceExists],
    create: [
      oneOfAKind(
        ['ResourceId', 'ScalableDimension', 'ServiceNamespace'],
        ({ properties }) => `A scalable target already exists for ${textAt(properties, 'ResourceId')}`,
        targets,
      ),
    ],
  },
  'AWS::ApplicationAutoScaling::ScalingPolicy': {
    replaces: ['PolicyName', 'ResourceId', 'ScalableDimension', 'ScalingTargetId', 'ServiceNamespace'],
    create: [
      oneOfAKind(
        ['PolicyName', 'ScalingTargetId'],
        ({ properties }) => `The policy ${textAt(properties, 'PolicyName')} already exists`,
        targets,
      ),
    ],
  },
  'AWS::KinesisFirehose::DeliveryStream': {
    name: 'DeliveryStreamName',
    replaces: [
      'AmazonOpenSearchServerlessDestinationConfiguration.VpcConfiguration',
      'AmazonopensearchserviceDestinationConfiguration.VpcConfiguration',
      'DatabaseSourceConfiguration',
      'DeliveryStreamName',
      'DeliveryStreamType',
      'DirectPutSourceConfiguration',
      'ElasticsearchDestinationConfiguration.VpcConfiguration',
      'IcebergDestinationConfiguration.CatalogConfiguration',
      'KinesisStreamSourceConfiguration',
      'MSKSourceConfiguration',
      'SnowflakeDestinationConfiguration.SnowflakeVpcConfiguration',
    ],
    valid: [shaped('DeliveryStreamName', /^[a-zA-Z0-9_.-]{1,64}$/, streams), bucketExists],
  },
}
