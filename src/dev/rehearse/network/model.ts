import type { Block } from './block.ts'
import type { Ports } from './ports.ts'

/** A protocol of a connection. */
export type Protocol = 'tcp' | 'udp'

/** A protocol of a rule. `other` is one that no connection of apigw uses, such as ICMP. */
export type RuleProtocol = Protocol | 'all' | 'other'

export interface Vpc {
  readonly id: string
  readonly name: string
  readonly blocks: readonly Block[]
  readonly dnsSupport: boolean
  readonly dnsHostnames: boolean
}

export interface AclEntry {
  readonly name: string
  readonly number: number
  readonly egress: boolean
  readonly allow: boolean
  readonly protocol: RuleProtocol
  readonly block: Block
  readonly ports: Ports
}

export interface Acl {
  readonly name: string
  /** In the order of their numbers. */
  readonly entries: readonly AclEntry[]
}

/** Where a route leads. `other` is a target that is not followed, such as a peering connection. */
export interface RouteTarget {
  readonly kind: 'internet-gateway' | 'nat-gateway' | 'other'
  readonly id: string
}

export interface Route {
  readonly name: string
  readonly destination: Block
  readonly target: RouteTarget
}

export interface RouteTable {
  readonly id: string
  readonly name: string
  readonly routes: readonly Route[]
}

export interface Subnet {
  readonly id: string
  readonly name: string
  readonly vpc: Vpc
  readonly zone: string
  readonly block: Block
  readonly routes: RouteTable
  readonly acl: Acl
}

/** The other side of a rule of a security group. */
export type Peer =
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'prefix-list'; readonly id: string }

export interface GroupRule {
  readonly protocol: RuleProtocol
  readonly ports: Ports
  readonly peer: Peer
}

export interface SecurityGroup {
  readonly id: string
  readonly name: string
  readonly ingress: readonly GroupRule[]
  readonly egress: readonly GroupRule[]
}

/** What has network interfaces: in which subnets they may be, and their security groups. */
export interface Interfaces {
  readonly id: string
  readonly name: string
  readonly subnets: readonly string[]
  readonly groups: readonly string[]
}

export interface Endpoint extends Interfaces {
  readonly kind: 'interface' | 'gateway' | 'other'
  readonly vpc: string
  /** The last part of the service's name: `sqs`, `ecr.api`. */
  readonly service: string
  /** Whether the service's own name leads to it, where the VPC allows that. */
  readonly privateDns: boolean
  /** Of a gateway endpoint. */
  readonly routeTables: readonly string[]
}

export interface NatGateway {
  readonly id: string
  readonly name: string
  readonly subnet: string
  /** A public one has an Elastic IP address. */
  readonly isPublic: boolean
  readonly hasAddress: boolean
}

export interface InternetGateway {
  readonly id: string
  readonly name: string
  /** The VPCs that it is attached to. */
  readonly vpcs: readonly string[]
}

export type WorkloadKind = 'function' | 'task' | 'balancer' | 'database' | 'cache'

export interface Workload extends Interfaces {
  readonly kind: WorkloadKind
  /** False for a function without VpcConfig, which has no subnets. */
  readonly inVpc: boolean
  readonly hasPublicAddress: boolean
  /** `undefined`: the template does not say. */
  readonly listensOn: readonly number[] | undefined
}

/** The addresses of a prefix list: ranges, or what one AWS service has. */
export type PrefixList = { readonly blocks: readonly Block[] } | { readonly service: string }

/** The network of all stacks together, by physical id. */
export interface Network {
  readonly vpcs: ReadonlyMap<string, Vpc>
  readonly subnets: ReadonlyMap<string, Subnet>
  readonly groups: ReadonlyMap<string, SecurityGroup>
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly natGateways: ReadonlyMap<string, NatGateway>
  readonly internetGateways: ReadonlyMap<string, InternetGateway>
  readonly workloads: ReadonlyMap<string, Workload>
  readonly prefixLists: ReadonlyMap<string, PrefixList>
  /** What the templates have and `reach` does not check, such as IPv6. */
  readonly unchecked: readonly string[]
}
