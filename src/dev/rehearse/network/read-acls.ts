import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import { Unresolvable } from '../template/resource.ts'
import { blockOf } from './block.ts'
import type { Acl, AclEntry, RuleProtocol } from './model.ts'
import { allPorts, type Ports } from './ports.ts'
import { flagIn, mapIn, type NetworkResource, nameOf, numberIn, ofType, textIn } from './resource.ts'

/** IANA protocol numbers, as ACLs write them, and names, as security groups may. */
const protocols: Readonly<Record<string, RuleProtocol>> = { '-1': 'all', '6': 'tcp', tcp: 'tcp', '17': 'udp', udp: 'udp' }

export function ruleProtocol(text: string | undefined): RuleProtocol {
  return protocols[text ?? ''] ?? 'other'
}

/** A rule of TCP or UDP without a range is one that EC2 refuses. */
function portsOf(properties: JsonMap, protocol: RuleProtocol, place: string): Ports {
  if (protocol === 'all' || protocol === 'other') return allPorts
  const range = mapIn(properties, 'PortRange')
  const [from, to] = [numberIn(range, 'From'), numberIn(range, 'To')]
  if (from !== undefined && to !== undefined && from >= 0 && from <= to && to <= allPorts.to) return { from, to }
  throw new Unresolvable(place, 'PortRange has to have From and To, 0 to 65535, for TCP and UDP')
}

function entryOf(resource: NetworkResource): AclEntry[] {
  const { properties } = resource
  const [name, block] = [nameOf(resource), textIn(properties, 'CidrBlock')]
  // An entry for IPv6.
  if (block === undefined) return []
  const protocol = ruleProtocol(textIn(properties, 'Protocol'))
  return [
    {
      name,
      number: numberIn(properties, 'RuleNumber') ?? 0,
      egress: flagIn(properties, 'Egress', false),
      allow: textIn(properties, 'RuleAction') === 'allow',
      protocol,
      block: blockOf(block, `${name}, CidrBlock`),
      ports: portsOf(properties, protocol, name),
    },
  ]
}

/** The ACL of a subnet without one of its own lets everything through, both ways. */
function defaultAcl(vpc: string): Acl {
  const open = { number: 100, allow: true, protocol: 'all', block: blockOf('0.0.0.0/0', vpc), ports: allPorts } as const
  const name = `default ACL of ${vpc}`
  return { name, entries: [false, true].map((egress) => ({ ...open, name, egress })) }
}

/**
 * Finds the ACL of a subnet. A subnet has exactly one, and an ACL that a template makes denies what no entry allows.
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 */
export function aclFinder(resources: readonly NetworkResource[]): (subnet: string, vpc: string) => Acl {
  const entries = Map.groupBy(
    ofType(resources, 'AWS::EC2::NetworkAclEntry'),
    ({ properties }) => textIn(properties, 'NetworkAclId') ?? '',
  )
  const acls = new Map(
    ofType(resources, 'AWS::EC2::NetworkAcl').map((acl): [string, Acl] => [
      acl.physicalId,
      {
        name: nameOf(acl),
        entries: (entries.get(acl.physicalId) ?? []).flatMap(entryOf).sort((one, other) => one.number - other.number),
      },
    ]),
  )
  const associated = new Map(
    ofType(resources, 'AWS::EC2::SubnetNetworkAclAssociation').map(({ properties }) => [
      textIn(properties, 'SubnetId'),
      textIn(properties, 'NetworkAclId') ?? '',
    ]),
  )
  return (subnet, vpc) => {
    const id = associated.get(subnet)
    if (id === undefined) return defaultAcl(vpc)
    // An ACL that is not in the templates is treated as one without entries.
    return acls.get(id) ?? { name: id, entries: [] }
  }
}
