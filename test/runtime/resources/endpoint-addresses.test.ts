import { expect, it } from 'vitest'
import { AwsClient } from '../../../src/runtime/ports/index.ts'
import { customResource } from '../../../src/runtime/resources/custom-resource.ts'
import { endpointAddresses } from '../../../src/runtime/resources/endpoint-addresses.ts'
import { awsServer } from '../../support/aws-server.ts'
import { cloudFormation } from './cloudformation.ts'

/** As EC2 answers (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html). */
function described(interfaces: readonly (readonly [string, string])[]): string {
  const items = interfaces.map(
    ([id, address]) => `
    <item>
      <networkInterfaceId>${id}</networkInterfaceId><subnetId>subnet-b61f49f0</subnetId><vpcId>vpc-a01106c2</vpcId>
      <description>VPC Endpoint Interface vpce-1</description><status>in-use</status>
      <privateIpAddress>${address}</privateIpAddress>
      <privateIpAddressesSet><item><privateIpAddress>${address}</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>
    </item>`,
  )
  return `<DescribeNetworkInterfacesResponse><networkInterfaceSet>${items.join('')}</networkInterfaceSet></DescribeNetworkInterfacesResponse>`
}

async function asked(answer: string) {
  const { url: endpoint, asked: calls } = await awsServer(() => answer)
  const { responses, event } = await cloudFormation()
  const handle = customResource(endpointAddresses(new AwsClient('ec2', { endpoint })))
  await handle(event('Create', { NetworkInterfaceIds: ['eni-0aa', 'eni-0bb'] }))
  return { responses, calls, handle, event }
}

it('returns the address of each interface, in the order of the interfaces', async () => {
  const { responses, calls, handle, event } = await asked(
    described([
      ['eni-0bb', '10.40.48.9'],
      ['eni-0aa', '10.40.32.7'],
    ]),
  )
  expect(responses[0]).toMatchObject({ Status: 'SUCCESS', Data: { First: '10.40.32.7', Second: '10.40.48.9' } })
  expect(calls[0]?.action).toBe('DescribeNetworkInterfaces')
  expect(new URLSearchParams(calls[0]?.body).get('NetworkInterfaceId.2')).toBe('eni-0bb')
  await handle(event('Delete', {}, 'endpoint-addresses'))
  expect(responses[1]).toMatchObject({ Status: 'SUCCESS' })
})

it('fails when an interface has no address', async () => {
  const { responses } = await asked(described([['eni-0aa', '10.40.32.7']]))
  expect(responses[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('eni-0aa and eni-0bb') })
})
