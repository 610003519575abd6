import { randomUUID } from 'node:crypto'
import { isRecord, recordOf } from '../../../domain/record.ts'
import type { Json, JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Resource } from '../template/resource.ts'
import { mapAt } from '../template/values.ts'
import { type Call, type CallAnswer, textAnswer } from './call.ts'

/** Invokes a function by its ARN, as API Gateway with the ARN of what it does. @throws Error as the function does */
export type Invoke = (functionArn: string, event: object, sourceArn: string) => Promise<unknown>

interface Method {
  /** A path of the description, such as `/v1.0/{proxy+}`. */
  readonly path: string
  readonly functionArn: string
  readonly authorized: boolean
}

function functionIn(uri: Json | undefined): string {
  return /functions\/(arn:[^/]+)\/invocations/.exec(String(uri))?.[1] ?? ''
}

/** How well a path of the description fits: literal parts count more than `{proxy+}`; -1: it does not. */
function scoreOf(path: string, asked: string): number {
  const [parts, own] = [path.split('/').slice(1), asked.split('/').slice(1)]
  for (const [at, part] of parts.entries()) {
    if (part.endsWith('+}')) return own.length > at && own[at] !== '' ? at * 2 : -1
    if (part !== own[at]) return -1
  }
  return parts.length === own.length ? parts.length * 2 + 1 : -1
}

const anyMethod = 'x-amazon-apigateway-any-method'
const integration = 'x-amazon-apigateway-integration'
const payloadBytes = 10 * 1024 * 1024

/** A REST API of the templates, with its Lambda authorizer. */
export class RestApi {
  readonly #body: JsonMap
  readonly #id: string
  readonly #prefix: string
  readonly #binary: readonly string[]
  readonly #invoke: Invoke
  /** By stage. */
  readonly #variables: ReadonlyMap<string, JsonMap>

  constructor(
    { api: { physicalId, properties }, stages }: { readonly api: Resource; readonly stages: readonly Resource[] },
    prefix: string,
    invoke: Invoke,
  ) {
    this.#variables = new Map(stages.map((one) => [one.physicalId, mapAt(one.properties, 'Variables')]))
    this.#body = mapAt(properties.Body)
    this.#id = physicalId
    this.#prefix = `${prefix}:${physicalId}`
    this.#binary = Array.isArray(properties.BinaryMediaTypes) ? properties.BinaryMediaTypes.map(String) : []
    this.#invoke = invoke
  }

  #method(path: string, verb: string): Method | undefined {
    const paths = Object.entries(mapAt(this.#body, 'paths'))
      .map(([name, methods]) => ({
        name,
        score: scoreOf(name, path),
        of: mapAt(methods, verb.toLowerCase()),
        any: mapAt(methods, anyMethod),
      }))
      .filter(({ score, of, any }) => score >= 0 && (Object.keys(of).length > 0 || Object.keys(any).length > 0))
      .toSorted((one, other) => other.score - one.score)
    const [best] = paths
    if (best === undefined) return undefined
    const method = Object.keys(best.of).length > 0 ? best.of : best.any
    return {
      path: best.name,
      functionArn: functionIn(mapAt(method, integration).uri),
      authorized: Array.isArray(method.security) && method.security.length > 0,
    }
  }

  /** The answer of API Gateway itself, as the description words it. */
  #own(name: string, status: number, message: string): CallAnswer {
    const response = mapAt(this.#body, 'x-amazon-apigateway-gateway-responses', name)
    if (Object.keys(response).length === 0) return textAnswer(status, 'application/json', JSON.stringify({ message }))
    const parameters = mapAt(response, 'responseParameters')
    const headers = Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [
        key.replace('gatewayresponse.header.', '').toLowerCase(),
        String(value).replace(/^'|'$/g, ''),
      ]),
    )
    const text = String(mapAt(response, 'responseTemplates')['application/json'] ?? '')
    return {
      status: Number(response.statusCode ?? status),
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(text),
    }
  }

  /** The event of a proxy integration. @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
  #event(call: Call, stage: string, path: string, resource: string): Record<string, unknown> {
    const [, search = ''] = call.target.split('?')
    const query = [...new URLSearchParams(search)]
    const binary = this.#binary.includes(call.headers['content-type'] ?? '')
    return {
      resource,
      path,
      httpMethod: call.method,
      headers: call.headers,
      multiValueHeaders: Object.fromEntries(Object.entries(call.headers).map(([name, value]) => [name, [value]])),
      queryStringParameters: query.length === 0 ? null : Object.fromEntries(query),
      multiValueQueryStringParameters:
        query.length === 0
          ? null
          : Object.fromEntries(
              [...Map.groupBy(query, ([name]) => name)].map(([name, some]) => [name, some.map(([, value]) => value)]),
            ),
      stageVariables: this.#variables.get(stage) ?? null,
      requestContext: {
        apiId: this.#id,
        stage,
        path: `/${stage}${path}`,
        httpMethod: call.method,
        requestId: randomUUID(),
        domainName: call.headers.host,
        identity: { sourceIp: call.address },
      },
      body: call.body.length === 0 ? null : call.body.toString(binary ? 'base64' : 'utf8'),
      isBase64Encoded: binary && call.body.length > 0,
    }
  }

  /** What the authorizer says: its context, or the answer of API Gateway. */
  async #authorize(event: Record<string, unknown>, stage: string, path: string): Promise<object | CallAnswer> {
    const scheme = mapAt(this.#body, 'components', 'securitySchemes', 'caller', 'x-amazon-apigateway-authorizer')
    const arn = functionIn(scheme.authorizerUri)
    const { body: _body, isBase64Encoded: _binary, ...rest } = event
    const methodArn = `${this.#prefix}/${stage}/${String(event.httpMethod)}${path}`
    let said: Record<string, unknown>
    try {
      said = recordOf(await this.#invoke(arn, { ...rest, type: 'REQUEST', methodArn }, `${this.#prefix}/authorizers/abc123`))
    } catch (error) {
      const unauthorized = error instanceof Error && /Unauthorized$/.test(error.message)
      return unauthorized ? this.#own('UNAUTHORIZED', 401, 'Unauthorized') : this.#own('AUTHORIZER_FAILURE', 500, String(error))
    }
    const statements = recordOf(said.policyDocument).Statement
    const [statement] = Array.isArray(statements) ? statements : []
    if (!isRecord(statement) || statement.Effect !== 'Allow') return this.#own('ACCESS_DENIED', 403, 'User is not authorized')
    return { principalId: said.principalId, ...recordOf(said.context) }
  }

  /** Answers a call to a stage of the API. */
  async answer(call: Call): Promise<CallAnswer> {
    const [, stage = '', rest = ''] = /^\/([^/?]+)(.*)$/.exec(call.target) ?? []
    const path = rest.split('?')[0] || '/'
    if (call.body.length > payloadBytes) return this.#own('REQUEST_TOO_LARGE', 413, 'Request Too Long')
    const method = this.#method(path, call.method)
    if (method === undefined) return this.#own('MISSING_AUTHENTICATION_TOKEN', 403, 'Missing Authentication Token')
    const event = this.#event(call, stage, path, method.path)
    if (method.authorized) {
      const authorized = await this.#authorize(event, stage, path)
      if ('status' in authorized) return authorized
      event.requestContext = { ...recordOf(event.requestContext), authorizer: authorized }
    }
    try {
      return answerFrom(await this.#invoke(method.functionArn, event, `${this.#prefix}/${stage}/${call.method}${path}`))
    } catch (error) {
      return this.#own('DEFAULT_5XX', 502, error instanceof Error ? error.message : String(error))
    }
  }
}

/** A function's answer; one that is malformed becomes 502 (Lambda proxy integration). */
function answerFrom(value: unknown): CallAnswer {
  const { statusCode, headers, body, isBase64Encoded } = recordOf(value)
  if (typeof statusCode !== 'number') return textAnswer(502, 'application/json', '{"message":"Internal server error"}')
  const texts = Object.fromEntries(Object.entries(recordOf(headers)).map(([name, of]) => [name.toLowerCase(), String(of)]))
  return {
    status: statusCode,
    headers: texts,
    body: Buffer.from(String(body ?? ''), isBase64Encoded === true ? 'base64' : 'utf8'),
  }
}
