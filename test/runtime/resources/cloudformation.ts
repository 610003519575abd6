import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ResourceEvent } from '../../../src/runtime/resources/custom-resource.ts'

/** A response that CloudFormation received. */
export interface StackResponse {
  readonly Status: 'SUCCESS' | 'FAILED'
  readonly Reason?: string
  readonly PhysicalResourceId: string
  readonly Data?: Readonly<Record<string, string>>
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
}

/**
 * An emulated CloudFormation: creates events, and receives answers at a signed address that refuses any content type.
 * @param refusals how many answers the address refuses at first
 */
export async function cloudFormation(refusals = 0) {
  const responses: StackResponse[] = []
  let refused = 0
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const fits = request.method === 'PUT' && !request.headers['content-type']
      response.statusCode = fits && refused >= refusals ? 200 : 503
      if (response.statusCode === 200) responses.push(JSON.parse(body))
      else refused += 1
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?signature=x`
  const event = (RequestType: ResourceEvent['RequestType'], properties: object, physical?: string): ResourceEvent => ({
    RequestType,
    ResponseURL: url,
    StackId: 'arn:aws:cloudformation:ap-northeast-2:123456789012:stack/apigw-prod-edge/1',
    RequestId: `request-${responses.length}`,
    LogicalResourceId: 'Thing',
    ...(physical !== undefined && { PhysicalResourceId: physical }),
    ResourceProperties: { ServiceToken: 'x', ...properties },
  })
  return { responses, event }
}
