import { AwsClient, type AwsOptions } from './aws.ts'

/** Longest that SNS may take for all tries. */
const maxMs = 8_000

/**
 * Publishes to a topic of SNS, whose subscribers get it by mail.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 * @param topic its ARN
 * @throws AwsError
 */
export async function publishTo(
  topic: string,
  { subject, text }: { readonly subject: string; readonly text: string },
  options: AwsOptions,
): Promise<void> {
  const fields = { Action: 'Publish', Version: '2010-03-31', TopicArn: topic, Subject: subject, Message: text }
  const response = await new AwsClient('sns', options).request(
    'POST',
    '/',
    { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() },
    { signal: AbortSignal.timeout(maxMs) },
  )
  // Unread, it would keep its connection.
  await response.text()
}
