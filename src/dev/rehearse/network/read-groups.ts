import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import { blockOf } from './block.ts'
import type { GroupRule, Peer, RuleProtocol, SecurityGroup, Vpc } from './model.ts'
import { allPorts, type Ports } from './ports.ts'
import { ruleProtocol } from './read-acls.ts'
import { mapsIn, type NetworkResource, nameOf, numberIn, ofType, textIn } from './resource.ts'

/** The group of an interface for which a template names none. */
export function defaultGroup(vpc: string): string {
  return `default security group of ${vpc}`
}

const everybody: GroupRule = {
  protocol: 'all',
  ports: allPorts,
  peer: { kind: 'block', block: blockOf('0.0.0.0/0', 'default rule') },
}

function peersOf(rule: JsonMap, side: 'Source' | 'Destination', place: string): Peer[] {
  const range = textIn(rule, 'CidrIp')
  const group = textIn(rule, `${side}SecurityGroupId`)
  const list = textIn(rule, `${side}PrefixListId`)
  return [
    ...(range === undefined ? [] : [{ kind: 'block', block: blockOf(range, `${place}, CidrIp`) } as const]),
    ...(group === undefined ? [] : [{ kind: 'group', id: group } as const]),
    ...(list === undefined ? [] : [{ kind: 'prefix-list', id: list } as const]),
  ]
}

/** Protocol -1 is all traffic, whatever the ports say. */
function portsOf(rule: JsonMap, protocol: RuleProtocol): Ports {
  const [from, to] = [numberIn(rule, 'FromPort'), numberIn(rule, 'ToPort')]
  return protocol === 'all' || from === undefined || to === undefined ? allPorts : { from, to }
}

function rulesOf(rule: JsonMap, side: 'Source' | 'Destination', place: string): GroupRule[] {
  const protocol = ruleProtocol(textIn(rule, 'IpProtocol'))
  return peersOf(rule, side, place).map((peer) => ({ protocol, ports: portsOf(rule, protocol), peer }))
}

function groupOf(group: NetworkResource, separate: ReadonlyMap<string, readonly NetworkResource[]>): [string, SecurityGroup] {
  const { physicalId: id, properties } = group
  const name = nameOf(group)
  const own = (type: string, side: 'Source' | 'Destination') =>
    (separate.get(id) ?? []).filter((rule) => rule.type === type).flatMap((rule) => rulesOf(rule.properties, side, nameOf(rule)))
  const inline = mapsIn(properties, 'SecurityGroupEgress')
  return [
    id,
    {
      id,
      name,
      ingress: [
        ...mapsIn(properties, 'SecurityGroupIngress').flatMap((rule) => rulesOf(rule, 'Source', name)),
        ...own('AWS::EC2::SecurityGroupIngress', 'Source'),
      ],
      // A group for which the template writes no egress rule inside the group may speak to everybody; a rule that stands for
      // itself changes nothing about that.
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
      egress: [
        ...(inline.length === 0 ? [everybody] : inline.flatMap((rule) => rulesOf(rule, 'Destination', name))),
        ...own('AWS::EC2::SecurityGroupEgress', 'Destination'),
      ],
    },
  ]
}

/**
 * The security groups of the templates, and the default one of each VPC: in from itself, out to everybody
 * (https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html).
 */
export function groupsOf(
  resources: readonly NetworkResource[],
  vpcs: ReadonlyMap<string, Vpc>,
): ReadonlyMap<string, SecurityGroup> {
  const separate = Map.groupBy(
    [...ofType(resources, 'AWS::EC2::SecurityGroupIngress'), ...ofType(resources, 'AWS::EC2::SecurityGroupEgress')],
    ({ properties }) => textIn(properties, 'GroupId') ?? '',
  )
  const defaults = [...vpcs.keys()].map((vpc): [string, SecurityGroup] => {
    const id = defaultGroup(vpc)
    const itself: GroupRule = { protocol: 'all', ports: allPorts, peer: { kind: 'group', id } }
    return [id, { id, name: id, ingress: [itself], egress: [everybody] }]
  })
  return new Map([...defaults, ...ofType(resources, 'AWS::EC2::SecurityGroup').map((group) => groupOf(group, separate))])
}
