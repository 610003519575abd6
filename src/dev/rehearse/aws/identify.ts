import { recordOf } from '../../../domain/record.ts'
import type { Place } from '../template/resource.ts'

/** A request as it arrives from a function or a container. */
export interface Incoming {
  readonly method: string
  /** The name that the client called, such as `sqs.ap-northeast-2.amazonaws.com`. */
  readonly host: string
  /** With its query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A request of the AWS API in the terms of IAM. */
export interface Identified {
  /** As in the name of the endpoint: `sqs`, `dynamodb`, `s3`. */
  readonly service: string
  readonly action: string
  /** ARNs; each has to be allowed. */
  readonly resources: readonly string[]
  /** The body of a JSON protocol, or the form of the Query protocol. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** The access key that signed a request (Signature Version 4); undefined for an anonymous or presigned one. */
export function accessKeyOf({ headers }: Incoming): string | undefined {
  return /Credential=([A-Z0-9]+)\//.exec(headers.authorization ?? '')?.[1]
}

function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(body.toString('utf8')))
  } catch {
    return {}
  }
}

/** The service and the action of the JSON protocols (`X-Amz-Target`), by the name that a service has there. */
const targets: Readonly<Record<string, string>> = {
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  secretsmanager: 'secretsmanager',
  AWSWAF_20190729: 'wafv2',
  Logs_20140328: 'logs',
}

function queueArn({ region, account }: Place, parameters: Readonly<Record<string, unknown>>): string {
  const name = parameters.QueueName ?? String(parameters.QueueUrl).split('/').at(-1)
  return `arn:aws:sqs:${region}:${account}:${String(name)}`
}

function tableArns({ region, account }: Place, { TableName, RequestItems }: Readonly<Record<string, unknown>>): string[] {
  const names = TableName === undefined ? Object.keys(recordOf(RequestItems)) : [String(TableName)]
  return names.map((name) => `arn:aws:dynamodb:${region}:${account}:table/${name}`)
}

/** The resources of a request of a JSON protocol, as the Service Authorization Reference has them. */
function resourcesOf(service: string, action: string, place: Place, parameters: Readonly<Record<string, unknown>>): string[] {
  const { region, account } = place
  switch (service) {
    case 'sqs':
      return [action === 'ListQueues' ? '*' : queueArn(place, parameters)]
    case 'dynamodb':
      return tableArns(place, parameters)
    case 'secretsmanager': {
      const id = String(parameters.SecretId)
      return [id.startsWith('arn:') ? id : `arn:aws:secretsmanager:${region}:${account}:secret:${id}-??????`]
    }
    case 'wafv2':
      return action.startsWith('List')
        ? ['*']
        : [`arn:aws:wafv2:${region}:${account}:regional/ipset/${String(parameters.Name)}/${String(parameters.Id ?? 'new')}`]
    case 'logs':
      return [`arn:aws:logs:${region}:${account}:log-group:${String(parameters.logGroupName)}:log-stream:`]
    default:
      return ['*']
  }
}

/** The bucket and the key of a request to S3, in either of its styles. */
export function objectOf({ host, target }: Incoming): { readonly bucket: string; readonly key: string } {
  const [path = '/'] = target.split('?')
  const [, virtual] = /^(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com$/.exec(host) ?? []
  const [first = '', ...rest] = path.slice(1).split('/')
  return virtual === undefined ? { bucket: first, key: rest.join('/') } : { bucket: virtual, key: path.slice(1) }
}

function s3Request(incoming: Incoming): Identified {
  const { bucket, key } = objectOf(incoming)
  const ofObject: Readonly<Record<string, string>> = {
    GET: 'GetObject',
    HEAD: 'GetObject',
    PUT: 'PutObject',
    DELETE: 'DeleteObject',
  }
  const action = key === '' ? 'ListBucket' : (ofObject[incoming.method] ?? incoming.method)
  return {
    service: 's3',
    action: `s3:${action}`,
    resources: [`arn:aws:s3:::${bucket}${key === '' ? '' : `/${decodeURIComponent(key)}`}`],
    parameters: {},
  }
}

/** The Query protocol: a form with an Action. */
function queryRequest(service: string, incoming: Incoming): Identified {
  const form = Object.fromEntries(new URLSearchParams(incoming.body.toString('utf8')))
  const resource = service === 'sns' ? String(form.TopicArn) : '*'
  return { service, action: `${service}:${form.Action}`, resources: [resource], parameters: form }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
function invokeRequest({ target, body }: Incoming, { region, account }: Place): Identified {
  const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(target) ?? []
  const id = decodeURIComponent(name)
  const arn = id.startsWith('arn:') ? id : `arn:aws:lambda:${region}:${account}:function:${id}`
  return { service: 'lambda', action: 'lambda:InvokeFunction', resources: [arn], parameters: jsonOf(body) }
}

/** The service that a host name belongs to: `secretsmanager`, `s3`, `ecr.api`. */
export function serviceOf(host: string): string {
  const name = host.replace(/\.amazonaws\.com$/, '')
  if (/(^|\.)s3([.-]|$)/.test(name)) return 's3'
  return name.split('.').slice(0, -1).join('.') || name
}

/** Reads which action on which resources a request is. */
export function identify(incoming: Incoming, place: Place): Identified {
  const service = serviceOf(incoming.host)
  if (service === 's3') return s3Request(incoming)
  if (service === 'lambda') return invokeRequest(incoming, place)
  const [prefix = '', operation] = (incoming.headers['x-amz-target'] ?? '').split('.')
  const known = targets[prefix]
  if (operation === undefined || known === undefined) return queryRequest(service, incoming)
  const parameters = jsonOf(incoming.body)
  // A batch needs the right to the single action (Service Authorization Reference, Amazon SQS).
  const action = known === 'sqs' ? operation.replace(/Batch$/, '') : operation
  return { service, action: `${known}:${action}`, resources: resourcesOf(known, operation, place, parameters), parameters }
}
