import type { Refusal } from '../refusal.ts'
import type { Written } from './xml.ts'

/** The protocols of AWS: a form and XML (CloudFormation, IAM, STS), JSON (SQS), and REST with XML (S3). */
export type Protocol = 'query' | 'json' | 's3'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly type: string
}

const xml = 'text/xml'
const json = 'application/x-amz-json-1.0'

export function protocolOf(headers: Readonly<Record<string, string | string[] | undefined>>): Protocol {
  const type = String(headers['content-type'] ?? '')
  if (type.startsWith('application/x-www-form-urlencoded')) return 'query'
  return headers['x-amz-target'] === undefined ? 's3' : 'json'
}

export function queryAnswer(action: string, result: Written): Answer {
  const metadata = '<ResponseMetadata><RequestId>rehearsal</RequestId></ResponseMetadata>'
  const whole = `<${action}Result>${result.text}</${action}Result>${metadata}`
  return {
    status: 200,
    type: xml,
    body: `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">${whole}</${action}Response>`,
  }
}

export function jsonAnswer(result: object): Answer {
  return { status: 200, type: json, body: JSON.stringify(result) }
}

export function s3Answer(status: number, body: string): Answer {
  return { status, type: xml, body }
}

/** A refusal, as the clients of a protocol understand it. */
export function refusedAnswer({ code, message, status }: Refusal, protocol: Protocol): Answer {
  if (protocol === 'json') return { status, type: json, body: JSON.stringify({ __type: `com.amazonaws#${code}`, message }) }
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error>`
  if (protocol === 's3') return { status, type: xml, body: error }
  return { status, type: xml, body: `<ErrorResponse>${error}<RequestId>rehearsal</RequestId></ErrorResponse>` }
}
