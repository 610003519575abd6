import type { JsonMap } from '../../cloudformation/index.ts'

/** How a type is imported. */
interface Importable {
  /** The property that names a resource in a template, if it has a name there. */
  readonly name: string
  /** What CloudFormation finds it by. */
  identifier(name: string, place: { readonly region: string; readonly account: string }): Readonly<Record<string, string>>
  /** Properties that a template has to have, or that replace the resource: they are imported as the template has them. */
  readonly fixed: readonly string[]
}

/**
 * Types of the stacks whose resources may be left, and that CloudFormation imports
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html).
 *
 * Secrets are not among them, although CloudFormation imports them: the update that follows would add `GenerateSecretString`, and
 * the value is what has to be kept. A snapshot is not a resource of a template.
 */
export const importable: Readonly<Record<string, Importable>> = {
  'AWS::DynamoDB::Table': {
    name: 'TableName',
    identifier: (TableName) => ({ TableName }),
    fixed: ['AttributeDefinitions', 'BillingMode', 'GlobalSecondaryIndexes', 'KeySchema', 'LocalSecondaryIndexes'],
  },
  'AWS::ECR::Repository': { name: 'RepositoryName', identifier: (RepositoryName) => ({ RepositoryName }), fixed: [] },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', identifier: (LogGroupName) => ({ LogGroupName }), fixed: [] },
  'AWS::S3::Bucket': { name: 'BucketName', identifier: (BucketName) => ({ BucketName }), fixed: [] },
  'AWS::SQS::Queue': {
    name: 'QueueName',
    identifier: (name, { region, account }) => ({
      QueueUrl: `https://sqs.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/${account}/${name}`,
    }),
    fixed: [],
  },
}

/** The properties that the import sets; everything else is set by the update that follows. */
export function importedProperties(type: string, properties: JsonMap, name: string | undefined): JsonMap {
  const { name: named = '', fixed = [] } = importable[type] ?? {}
  const kept = Object.entries(properties).filter(([key]) => fixed.includes(key))
  return { ...(name !== undefined && { [named]: name }), ...Object.fromEntries(kept) }
}
