/** Values of one header or query parameter, each by its name; `null` where a front sends none at all. */
export type Single = Readonly<Record<string, string | undefined>> | null
export type Multi = Readonly<Record<string, readonly string[] | undefined>> | null

interface Body {
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

/**
 * API Gateway REST API, and an HTTP API with payload 1.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format).
 */
export interface RestEvent extends Body {
  readonly httpMethod: string
  readonly path: string
  readonly headers?: Single
  readonly multiValueHeaders?: Multi
  readonly multiValueQueryStringParameters?: Multi
  readonly requestContext: {
    readonly domainName?: string
    readonly identity?: { readonly sourceIp?: string }
    readonly authorizer?: Readonly<Record<string, unknown>> | null
  }
}

/**
 * API Gateway HTTP API, payload 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
export interface HttpApiEvent extends Body {
  readonly version: '2.0'
  readonly rawPath: string
  readonly rawQueryString?: string
  readonly headers?: Single
  readonly requestContext: {
    readonly domainName?: string
    readonly stage?: string
    readonly http: { readonly method: string; readonly sourceIp?: string }
    readonly authorizer?: { readonly lambda?: Readonly<Record<string, unknown>> | null }
  }
}

/**
 * Application Load Balancer
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer).
 */
export interface AlbEvent extends Body {
  readonly httpMethod: string
  readonly path: string
  readonly headers?: Single
  readonly multiValueHeaders?: Multi
  readonly queryStringParameters?: Single
  readonly multiValueQueryStringParameters?: Multi
  readonly requestContext: { readonly elb: { readonly targetGroupArn?: string } }
}

export type GatewayEvent = RestEvent | HttpApiEvent | AlbEvent

export function isAlb(event: GatewayEvent): event is AlbEvent {
  return 'elb' in event.requestContext
}

export function isHttpApi(event: GatewayEvent): event is HttpApiEvent {
  return 'version' in event && event.version === '2.0'
}

/** @throws Error for anything that none of the three fronts sends */
export function gatewayEvent(value: unknown): GatewayEvent {
  const event: { requestContext?: unknown; httpMethod?: unknown; path?: unknown; rawPath?: unknown; version?: unknown } =
    Object(value)
  const hasContext = typeof event.requestContext === 'object' && event.requestContext !== null
  const isProxy = typeof event.httpMethod === 'string' && typeof event.path === 'string'
  const isSecond = event.version === '2.0' && typeof event.rawPath === 'string'
  if (hasContext && (isProxy || isSecond)) return value as GatewayEvent
  throw new Error('This is no event of an API Gateway REST API, an HTTP API or an Application Load Balancer.')
}
