import { isMap, type Json } from '../../../operations/cloudformation/index.ts'
import type { PrefixList } from './model.ts'
import { type NetworkResource, nameOf } from './resource.ts'

const ipv6Properties = ['Ipv6CidrBlock', 'CidrIpv6', 'DestinationIpv6CidrBlock', 'AmazonProvidedIpv6CidrBlock']
const types: Readonly<Record<string, string>> = {
  'AWS::EC2::DHCPOptions': 'DNS servers other than those of AWS are not checked.',
  'AWS::EC2::VPCBlockPublicAccessOptions': 'what it blocks is not checked.',
  'AWS::NetworkFirewall::Firewall': 'its rules are not checked.',
}
const prefixListProperties = ['DestinationPrefixListId', 'SourcePrefixListId']

function* membersOf(value: Json): Generator<readonly [name: string, of: Json]> {
  if (Array.isArray(value)) for (const one of value) yield* membersOf(one)
  if (!isMap(value)) return
  for (const [name, of] of Object.entries(value)) {
    yield [name, of]
    yield* membersOf(of)
  }
}

/** What the templates have and `reach` does not check. Each is named, because it may open or close a connection. */
export function uncheckedIn(
  resources: readonly NetworkResource[],
  prefixLists: ReadonlyMap<string, PrefixList>,
): readonly string[] {
  const named = resources.flatMap((resource) => {
    const text = types[resource.type]
    return text === undefined ? [] : [`${nameOf(resource)}: ${text}`]
  })
  const network = resources.filter(({ type }) => type.startsWith('AWS::EC2::'))
  const properties = network.flatMap((resource) =>
    [...membersOf(resource.properties)].flatMap(([name, of]) => {
      if (ipv6Properties.includes(name)) return [`${nameOf(resource)}, ${name}: IPv6 is not checked.`]
      const isUnknown = prefixListProperties.includes(name) && !prefixLists.has(String(of))
      return isUnknown ? [`${nameOf(resource)}, ${name}: the addresses of ${String(of)} are not known.`] : []
    }),
  )
  return [...named, ...properties]
}
