import { callAws, jsonCall } from '../../../aws/index.ts'
import { Problem } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import type { StackClients } from '../clients.ts'
import { stageTag } from '../stack.ts'

/** A resource with the tag of a stage. */
export interface Tagged {
  readonly arn: string
  /** Of CloudFormation; for a snapshot, whose it is. */
  readonly type: string
  readonly name: string
}

const timeoutMs = 15_000
const pageSize = 100
const maxPages = 50

/** The services whose resources may be left, as the tagging API names them. */
const kinds = [
  'dynamodb:table',
  'ecr:repository',
  'elasticache:snapshot',
  'logs:log-group',
  'rds:snapshot',
  's3',
  'secretsmanager:secret',
  'sqs',
] as const

const forms: readonly (readonly [type: string, arn: RegExp])[] = [
  ['AWS::DynamoDB::Table', /:dynamodb:[^:]*:\d+:table\/([^/]+)$/],
  ['AWS::ECR::Repository', /:ecr:[^:]*:\d+:repository\/(.+)$/],
  ['AWS::Logs::LogGroup', /:logs:[^:]*:\d+:log-group:([^:]+)(?::\*)?$/],
  ['AWS::S3::Bucket', /:s3:::([^/]+)$/],
  ['AWS::SQS::Queue', /:sqs:[^:]*:\d+:([^:]+)$/],
  ['AWS::SecretsManager::Secret', /:secretsmanager:[^:]*:\d+:secret:(.+)-\w{6}$/],
  ['snapshot of the database', /:rds:[^:]*:\d+:snapshot:([^:]+)$/],
  ['snapshot of the registry', /:elasticache:[^:]*:\d+:snapshot:([^:]+)$/],
]

function taggedFrom(value: unknown): Tagged[] {
  const arn = String(recordOf(value).ResourceARN ?? '')
  return forms.flatMap(([type, form]) => {
    const name = form.exec(arn)?.[1]
    return name === undefined ? [] : [{ arn, type, name }]
  })
}

/**
 * The resources with the tag of a stage, whether a stack has them or not: a stack gives its tags to its resources, and those that it
 * leaves keep them (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html).
 * @throws Problem `aws-…`; `stack-refused` if there are too many
 */
export async function taggedResources(clients: StackClients, stage: string): Promise<readonly Tagged[]> {
  const credentials = await clients.cloudFormation.config.credentials()
  const { region } = clients
  const found: Tagged[] = []
  let PaginationToken = ''
  for (let page = 0; page < maxPages; page++) {
    const body = {
      TagFilters: [{ Key: stageTag, Values: [stage] }],
      ResourceTypeFilters: kinds,
      ResourcesPerPage: pageSize,
      ...(PaginationToken !== '' && { PaginationToken }),
    }
    const answer = await callAws(clients, 'tag:GetResources', () =>
      jsonCall(credentials, {
        service: 'tagging',
        region,
        endpoint: `https://tagging.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
        target: 'ResourceGroupsTaggingAPI_20170126.GetResources',
        body,
        signal: AbortSignal.timeout(timeoutMs),
      }),
    )
    const list: readonly unknown[] = Array.isArray(answer.ResourceTagMappingList) ? answer.ResourceTagMappingList : []
    found.push(...list.flatMap(taggedFrom))
    PaginationToken = String(answer.PaginationToken ?? '')
    if (PaginationToken === '') return found
  }
  throw new Problem('stack-refused', `More than ${maxPages * pageSize} resources have the tag ${stageTag}=${stage}.`, {
    next: 'name them yourself: deploy.restore of the stage in apigw.yaml',
  })
}
