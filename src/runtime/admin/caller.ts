import * as z from 'zod'
import { apigw, type NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** The caller, as authenticated by AWS. */
export interface Caller {
  readonly arn: string
  /** The IP address of the request. */
  readonly address: string
}

/** Lambda's context of an invocation. The caller cannot influence it. */
export interface Invocation {
  readonly awsRequestId: string
  readonly invokedFunctionArn: string
}

/** The fields of a Function URL event that are read (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads). */
const urlEvent = z.object({
  version: z.literal('2.0'),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
  requestContext: z.object({
    requestId: z.string(),
    http: z.object({ sourceIp: z.string() }),
    authorizer: z.object({ iam: z.object({ accountId: z.string(), userArn: z.string() }) }).optional(),
  }),
})
export type UrlEvent = z.infer<typeof urlEvent>

/** An IAM or STS ARN, in visible ASCII and no longer than AWS allows. */
const arnPattern = /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):[\x21-\x7e]{1,1600}$/

function refused(what: string, next: NextStep): Problem {
  return new Problem('caller-unknown', what, { next })
}

/** @throws Problem `caller-unknown` for an event that did not come from a Function URL */
export function readEvent(value: unknown): UrlEvent {
  const read = urlEvent.safeParse(value)
  if (read.success) return read.data
  throw refused(
    'This function has to be called through its URL. An Invoke does not identify the caller.',
    'set the registry of the stage to lambda:FUNCTION@REGION',
  )
}

/**
 * The caller of an event. `authorizer` can be trusted only if the event came through the URL: a caller with `Invoke` rights can
 * send any event. The URL puts the id of the invocation into its event. For an Invoke, Lambda creates the id after the event was
 * sent, so the event cannot contain it (docs/decisions/0017-who-asks-the-admin-function.md).
 *
 * @param trusting trusts the event without that id
 * @throws Problem `caller-unknown`
 */
export function callerOf({ requestContext }: UrlEvent, invocation: Invocation, trusting: boolean): Caller {
  const { requestId, http, authorizer } = requestContext
  if (!trusting && requestId !== invocation.awsRequestId) {
    throw refused(
      'The event did not come from the URL of the function: its request id differs from the invocation.',
      'call the URL; if AWS itself made the event, deploy the admin stack with RequestIds: trusted',
    )
  }
  const { iam } = authorizer ?? {}
  const account = arnPattern.exec(iam?.userArn ?? '')?.[1]
  if (iam === undefined || account === undefined) {
    throw refused('The URL of the function does not authenticate callers: its AuthType is not AWS_IAM.', apigw('deploy', 'admin'))
  }
  if (account !== invocation.invokedFunctionArn.split(':')[4]) {
    throw refused(
      `${iam.userArn} belongs to a different account than the function.`,
      'call with a role of the account of the function',
    )
  }
  return { arn: iam.userArn, address: http.sourceIp }
}
