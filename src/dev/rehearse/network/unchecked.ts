import { isMap, type Json } from '../../../operations/cloudformation/index.ts'
import type { PrefixList } from './model.ts'
import { type NetworkResource, nameOf } from './resource.ts'

const ipv6Properties = ['Ipv6CidrBlock', 'CidrIpv6', 'DestinationIpv6CidrBlock', 'AmazonProvidedIpv6CidrBlock']
const prefixListProperties = ['DestinationPrefixListId', 'SourcePrefixListId']

function* membersOf(value: Json): Generator<readonly [name: string, of: Json]> {
  if (Array.isArray(value)) for (const one of value) yield* membersOf(one)
  if (!isMap(value)) return
  for (const [name, of] of Object.entries(value)) {
    yield [name, of]
    yield* membersOf(of)
  }
}

/** What the templates have and `reach` does not check. Each is named, because a connection over it may be possible. */
export function uncheckedIn(
  resources: readonly NetworkResource[],
  prefixLists: ReadonlyMap<string, PrefixList>,
): readonly string[] {
  const network = resources.filter(({ type }) => type.startsWith('AWS::EC2::'))
  return network.flatMap((resource) =>
    [...membersOf(resource.properties)].flatMap(([name, of]) => {
      if (ipv6Properties.includes(name)) return [`${nameOf(resource)}, ${name}: IPv6 is not checked.`]
      const isUnknown = prefixListProperties.includes(name) && !prefixLists.has(String(of))
      return isUnknown ? [`${nameOf(resource)}, ${name}: the addresses of ${String(of)} are not known.`] : []
    }),
  )
}
