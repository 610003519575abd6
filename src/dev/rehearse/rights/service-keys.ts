/** Which of the confused-deputy keys a service sends. */
export interface ServiceKeys {
  readonly sourceArn: boolean
  readonly sourceAccount: boolean
}

const both: ServiceKeys = { sourceArn: true, sourceAccount: true }
const none: ServiceKeys = { sourceArn: false, sourceAccount: false }

/**
 * Services that leave keys out of a request. A policy with a condition on a key that is not sent never matches, and the
 * request is denied without a word to anybody.
 */
const exceptions: readonly {
  readonly service: string
  readonly action: RegExp
  readonly keys: ServiceKeys
}[] = [
  // "EventBridge doesn't support the use of Condition blocks in Amazon SNS topic policies"
  // (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html), nor in the policy of the topic's key
  // (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
  { service: 'events.amazonaws.com', action: /^(?:sns|kms):/, keys: none },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html has no condition.
  { service: 'logdelivery.elasticloadbalancing.amazonaws.com', action: /^s3:/, keys: none },
]

/** The keys that a service sends with a request. */
export function keysSent(service: string, action: string): ServiceKeys {
  return exceptions.find((one) => one.service === service && one.action.test(action))?.keys ?? both
}

/**
 * The keys that a service sends when it assumes a role. The services of which AWS documents a trust policy without a
 * condition send none.
 */
const assuming: Readonly<Record<string, ServiceKeys>> = {
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
  'ecs-tasks.amazonaws.com': both,
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
  'codedeploy.amazonaws.com': both,
  // https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
  'vpc-flow-logs.amazonaws.com': both,
  // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
  'cloudtrail.amazonaws.com': none,
  // https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
  'lambda.amazonaws.com': none,
  // Firehose sends sts:ExternalId instead (https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html).
  'firehose.amazonaws.com': none,
}

/** The keys that a service sends when it assumes a role. */
export function keysAssuming(service: string): ServiceKeys {
  return assuming[service] ?? none
}
