import type { AwsClient } from '../ports/index.ts'
import type { Attributes, Resource, ResourceEvent } from './custom-resource.ts'

/** A network interface in EC2's answer, with the first of its addresses, which is its primary one. */
const interfacePattern =
  /<networkInterfaceId>(eni-[0-9a-f]+)<\/networkInterfaceId>[\s\S]*?<privateIpAddress>([\d.]+)<\/privateIpAddress>/g

/** The addresses of a VPC endpoint's network interfaces, `First` and, in two zones, `Second`. They stay the same for as long as it lives. */
export function endpointAddresses(client: AwsClient): Resource {
  async function ensure({ NetworkInterfaceIds }: ResourceEvent['ResourceProperties']): Promise<Attributes> {
    const ids = Array.isArray(NetworkInterfaceIds) ? NetworkInterfaceIds.map(String) : []
    const form = new URLSearchParams({ Action: 'DescribeNetworkInterfaces', Version: '2016-11-15' })
    ids.forEach((id, at) => {
      form.set(`NetworkInterfaceId.${at + 1}`, id)
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const response = await client.request('POST', '/', { headers, body: form.toString() })
    const addresses = new Map<string, string>()
    for (const [, id = '', address = ''] of (await response.text()).matchAll(interfacePattern)) addresses.set(id, address)
    const [First, Second, ...more] = ids.flatMap((id) => addresses.get(id) ?? [])
    const found = [First, Second, ...more].filter((one) => one !== undefined)
    if (First === undefined || found.length !== ids.length)
      throw new Error(`An address was expected of each of ${ids.join(' and ')}.`)
    // An endpoint in one zone has one interface.
    return { First, ...(Second !== undefined && { Second }) }
  }

  return { id: 'endpoint-addresses', ensure, remove: async () => undefined }
}
