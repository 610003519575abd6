import * as z from 'zod'

const singleValues = z.record(z.string(), z.string().optional()).nullish()
const multiValues = z.record(z.string(), z.array(z.string()).optional()).nullish()
const authorizerContext = z.record(z.string(), z.unknown()).nullish()

/** Header or query values by name, one value per name. A front sends `null` if there are none. */
export type SingleValues = z.output<typeof singleValues>
export type MultiValues = z.output<typeof multiValues>

const content = { body: z.string().nullish(), isBase64Encoded: z.boolean().optional() }

/**
 * API Gateway REST API, and HTTP API with payload 1.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format).
 */
const restEvent = z.object({
  ...content,
  httpMethod: z.string(),
  path: z.string(),
  headers: singleValues,
  multiValueHeaders: multiValues,
  multiValueQueryStringParameters: multiValues,
  /** Of the stage of the API: its owner sets them, and no caller can. */
  stageVariables: singleValues,
  requestContext: z.object({
    domainName: z.string().optional(),
    identity: z.object({ sourceIp: z.string().optional() }).optional(),
    authorizer: authorizerContext,
  }),
})

/**
 * API Gateway HTTP API, payload 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
const httpApiEvent = z.object({
  ...content,
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.string().optional(),
  headers: singleValues,
  requestContext: z.object({
    domainName: z.string().optional(),
    stage: z.string().optional(),
    http: z.object({ method: z.string(), sourceIp: z.string().optional() }),
    authorizer: z.object({ lambda: authorizerContext }).nullish(),
  }),
})

/**
 * Application Load Balancer
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer).
 */
const albEvent = z.object({
  ...content,
  httpMethod: z.string(),
  path: z.string(),
  headers: singleValues,
  multiValueHeaders: multiValues,
  queryStringParameters: singleValues,
  multiValueQueryStringParameters: multiValues,
  requestContext: z.object({ elb: z.object({ targetGroupArn: z.string().optional() }) }),
})

/** REST API authorizer of the type `TOKEN`: API Gateway sends one header only. */
const tokenEvent = z.object({ type: z.literal('TOKEN'), authorizationToken: z.string().optional(), methodArn: z.string() })

const gatewayEvents = z.union([httpApiEvent, albEvent, restEvent])

/** Authorizers of the type `REQUEST` receive the event of the call, without its body and with its ARN. */
const authorizerEvents = z.union([
  tokenEvent,
  httpApiEvent.extend({ routeArn: z.string() }),
  restEvent.extend({ methodArn: z.string() }),
])

export type RestEvent = z.output<typeof restEvent>
export type HttpApiEvent = z.output<typeof httpApiEvent>
export type AlbEvent = z.output<typeof albEvent>
export type GatewayEvent = z.output<typeof gatewayEvents>
export type AuthorizerEvent = z.output<typeof authorizerEvents>

export function isAlb(event: GatewayEvent): event is AlbEvent {
  return 'elb' in event.requestContext
}

export function isHttpApi(event: GatewayEvent): event is HttpApiEvent {
  return 'version' in event && event.version === '2.0'
}

/** @throws Error if the event comes from none of the three fronts */
export function gatewayEvent(value: unknown): GatewayEvent {
  const { data } = gatewayEvents.safeParse(value)
  if (data !== undefined) return data
  throw new Error('The event is not from an API Gateway REST API, an HTTP API or an Application Load Balancer.')
}

/** @throws Error if API Gateway sends no such event to an authorizer */
export function authorizerEvent(value: unknown): AuthorizerEvent {
  const { data } = authorizerEvents.safeParse(value)
  if (data !== undefined) return data
  throw new Error('The event is not one that API Gateway sends to a Lambda authorizer.')
}
