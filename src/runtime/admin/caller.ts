import * as z from 'zod'
import { apigw, type NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** Who asks, as AWS proved it. */
export interface Caller {
  readonly arn: string
  /** The address that the request came from. */
  readonly address: string
}

/** What Lambda tells of an invocation beside the event: nothing of it comes from whoever invokes. */
export interface Invocation {
  readonly awsRequestId: string
  readonly invokedFunctionArn: string
}

/** The part of a Function URL's event that we read (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads). */
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

/** An ARN of IAM or STS, in visible ASCII and no longer than AWS makes one. */
const arnPattern = /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):[\x21-\x7e]{1,1600}$/

function refused(what: string, next: NextStep): Problem {
  return new Problem('caller-unknown', what, { next })
}

/** @throws Problem `caller-unknown` for an event that no Function URL sends */
export function readEvent(value: unknown): UrlEvent {
  const read = urlEvent.safeParse(value)
  if (read.success) return read.data
  throw refused(
    'This function is called by its URL. An Invoke does not say who asks.',
    'set the registry of the stage to lambda:FUNCTION@REGION',
  )
}

/**
 * The caller of an event. `authorizer` is Lambda's word only if the event came by the URL: whoever may `Invoke` the function
 * sends an event of their own making. The URL puts the id of the invocation into its event; of an Invoke it is given out by
 * Lambda when the event has been sent already, so no event can hold it (docs/decisions/0017-who-asks-the-admin-function.md).
 *
 * @param trusting takes the event's word without that id
 * @throws Problem `caller-unknown`
 */
export function callerOf({ requestContext }: UrlEvent, invocation: Invocation, trusting: boolean): Caller {
  const { requestId, http, authorizer } = requestContext
  if (!trusting && requestId !== invocation.awsRequestId) {
    throw refused(
      'The event was not made by the URL of the function: the id in it is not that of the invocation.',
      'call the URL; where AWS itself made the event, deploy the admin stack with RequestIds: trusted',
    )
  }
  const { iam } = authorizer ?? {}
  const account = arnPattern.exec(iam?.userArn ?? '')?.[1]
  if (iam === undefined || account === undefined) {
    throw refused('The URL of the function does not ask who calls: its AuthType is not AWS_IAM.', apigw('deploy', 'admin'))
  }
  if (account !== invocation.invokedFunctionArn.split(':')[4]) {
    throw refused(`${iam.userArn} is of another account than the function.`, 'take a role of the account, and call with that')
  }
  return { arn: iam.userArn, address: http.sourceIp }
}
