import type { NetworkResource } from '../../../../src/dev/rehearse/network/resource.ts'
import type { JsonMap } from '../../../../src/operations/cloudformation/index.ts'

/** A network in two zones with everything that `reach` looks at. Physical ids are the logical ones in lower case. */
const properties: Readonly<Record<string, readonly [type: string, properties: JsonMap]>> = {
  Vpc: ['EC2::VPC', { CidrBlock: '10.0.0.0/16', EnableDnsSupport: true, EnableDnsHostnames: true }],
  Igw: ['EC2::InternetGateway', {}],
  Attachment: ['EC2::VPCGatewayAttachment', { VpcId: 'vpc', InternetGatewayId: 'igw' }],
  PublicA: ['EC2::Subnet', { VpcId: 'vpc', AvailabilityZone: 'a', CidrBlock: '10.0.0.0/24' }],
  PublicB: ['EC2::Subnet', { VpcId: 'vpc', AvailabilityZone: 'b', CidrBlock: '10.0.1.0/24' }],
  PrivateA: ['EC2::Subnet', { VpcId: 'vpc', AvailabilityZone: 'a', CidrBlock: '10.0.2.0/24' }],
  PrivateB: ['EC2::Subnet', { VpcId: 'vpc', AvailabilityZone: 'b', CidrBlock: '10.0.3.0/24' }],
  PublicRoutes: ['EC2::RouteTable', { VpcId: 'vpc' }],
  PrivateRoutes: ['EC2::RouteTable', { VpcId: 'vpc' }],
  PublicRoute: ['EC2::Route', { RouteTableId: 'publicroutes', DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw' }],
  NatRoute: ['EC2::Route', { RouteTableId: 'privateroutes', DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat' }],
  PublicARoutes: ['EC2::SubnetRouteTableAssociation', { SubnetId: 'publica', RouteTableId: 'publicroutes' }],
  PublicBRoutes: ['EC2::SubnetRouteTableAssociation', { SubnetId: 'publicb', RouteTableId: 'publicroutes' }],
  PrivateARoutes: ['EC2::SubnetRouteTableAssociation', { SubnetId: 'privatea', RouteTableId: 'privateroutes' }],
  PrivateBRoutes: ['EC2::SubnetRouteTableAssociation', { SubnetId: 'privateb', RouteTableId: 'privateroutes' }],
  Nat: ['EC2::NatGateway', { SubnetId: 'publica', AllocationId: 'eipalloc' }],

  PublicAcl: ['EC2::NetworkAcl', { VpcId: 'vpc' }],
  PublicFromInside: ['EC2::NetworkAclEntry', entry('publicacl', 100, false, -1, '10.0.0.0/16')],
  PublicHttps: ['EC2::NetworkAclEntry', entry('publicacl', 110, false, 6, '0.0.0.0/0', 443, 443)],
  PublicAnswers: ['EC2::NetworkAclEntry', entry('publicacl', 120, false, 6, '0.0.0.0/0', 1024, 65_535)],
  PublicOut: ['EC2::NetworkAclEntry', entry('publicacl', 100, true, -1, '0.0.0.0/0')],
  PublicAAcl: ['EC2::SubnetNetworkAclAssociation', { SubnetId: 'publica', NetworkAclId: 'publicacl' }],
  PublicBAcl: ['EC2::SubnetNetworkAclAssociation', { SubnetId: 'publicb', NetworkAclId: 'publicacl' }],
  PrivateAcl: ['EC2::NetworkAcl', { VpcId: 'vpc' }],
  PrivateFromInside: ['EC2::NetworkAclEntry', entry('privateacl', 100, false, -1, '10.0.0.0/16')],
  PrivateAnswers: ['EC2::NetworkAclEntry', entry('privateacl', 110, false, 6, '0.0.0.0/0', 1024, 65_535)],
  PrivateToInside: ['EC2::NetworkAclEntry', entry('privateacl', 100, true, -1, '10.0.0.0/16')],
  PrivateHttps: ['EC2::NetworkAclEntry', entry('privateacl', 110, true, 6, '0.0.0.0/0', 443, 443)],
  PrivateAAcl: ['EC2::SubnetNetworkAclAssociation', { SubnetId: 'privatea', NetworkAclId: 'privateacl' }],
  PrivateBAcl: ['EC2::SubnetNetworkAclAssociation', { SubnetId: 'privateb', NetworkAclId: 'privateacl' }],

  FunctionGroup: ['EC2::SecurityGroup', closedGroup()],
  TaskGroup: ['EC2::SecurityGroup', closedGroup()],
  BalancerGroup: ['EC2::SecurityGroup', { ...closedGroup(), SecurityGroupIngress: [tcp(443, { CidrIp: '0.0.0.0/0' })] }],
  DatabaseGroup: ['EC2::SecurityGroup', closedGroup()],
  CacheGroup: ['EC2::SecurityGroup', closedGroup()],
  EndpointGroup: ['EC2::SecurityGroup', { ...closedGroup(), SecurityGroupIngress: [tcp(443, { CidrIp: '10.0.0.0/16' })] }],
  FunctionToDatabase: ['EC2::SecurityGroupEgress', egress('functiongroup', 3306, 'databasegroup')],
  DatabaseFromFunction: ['EC2::SecurityGroupIngress', ingress('databasegroup', 3306, 'functiongroup')],
  FunctionToServices: ['EC2::SecurityGroupEgress', { GroupId: 'functiongroup', ...tcp(443, { CidrIp: '0.0.0.0/0' }) }],
  TaskToServices: ['EC2::SecurityGroupEgress', { GroupId: 'taskgroup', ...tcp(443, { CidrIp: '0.0.0.0/0' }) }],
  TaskToCache: ['EC2::SecurityGroupEgress', egress('taskgroup', 6379, 'cachegroup')],
  CacheFromTask: ['EC2::SecurityGroupIngress', ingress('cachegroup', 6379, 'taskgroup')],
  BalancerToTask: ['EC2::SecurityGroupEgress', egress('balancergroup', 8080, 'taskgroup')],
  TaskFromBalancer: ['EC2::SecurityGroupIngress', ingress('taskgroup', 8080, 'balancergroup')],
  BalancerToEndpoint: ['EC2::SecurityGroupEgress', egress('balancergroup', 443, 'endpointgroup')],

  Sqs: [
    'EC2::VPCEndpoint',
    {
      VpcId: 'vpc',
      VpcEndpointType: 'Interface',
      ServiceName: 'com.amazonaws.ap-northeast-2.sqs',
      PrivateDnsEnabled: true,
      SubnetIds: ['privatea', 'privateb'],
      SecurityGroupIds: ['endpointgroup'],
    },
  ],
  S3: [
    'EC2::VPCEndpoint',
    {
      VpcId: 'vpc',
      VpcEndpointType: 'Gateway',
      ServiceName: 'com.amazonaws.ap-northeast-2.s3',
      RouteTableIds: ['privateroutes'],
    },
  ],

  Function: ['Lambda::Function', { VpcConfig: { SubnetIds: ['privatea', 'privateb'], SecurityGroupIds: ['functiongroup'] } }],
  Outside: ['Lambda::Function', {}],
  Task: ['ECS::TaskDefinition', { ContainerDefinitions: [{ PortMappings: [{ ContainerPort: 8080 }] }] }],
  Service: [
    'ECS::Service',
    {
      TaskDefinition: 'task',
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          AssignPublicIp: 'DISABLED',
          Subnets: ['privatea', 'privateb'],
          SecurityGroups: ['taskgroup'],
        },
      },
    },
  ],
  Balancer: ['ElasticLoadBalancingV2::LoadBalancer', { Subnets: ['publica', 'publicb'], SecurityGroups: ['balancergroup'] }],
  Listener: ['ElasticLoadBalancingV2::Listener', { LoadBalancerArn: 'balancer', Port: 443 }],
  DatabaseSubnets: ['RDS::DBSubnetGroup', { SubnetIds: ['privatea', 'privateb'] }],
  Database: [
    'RDS::DBInstance',
    {
      Engine: 'mariadb',
      DBSubnetGroupName: 'databasesubnets',
      VPCSecurityGroups: ['databasegroup'],
      PubliclyAccessible: false,
    },
  ],
  CacheSubnets: ['ElastiCache::SubnetGroup', { SubnetIds: ['privatea', 'privateb'] }],
  Cache: ['ElastiCache::ReplicationGroup', { CacheSubnetGroupName: 'cachesubnets', SecurityGroupIds: ['cachegroup'] }],
}

function entry(acl: string, number: number, out: boolean, protocol: number, block: string, from?: number, to?: number): JsonMap {
  return {
    NetworkAclId: acl,
    RuleNumber: number,
    Egress: out,
    RuleAction: 'allow',
    Protocol: protocol,
    CidrBlock: block,
    ...(from !== undefined && to !== undefined && { PortRange: { From: from, To: to } }),
  }
}

function closedGroup(): JsonMap {
  return { VpcId: 'vpc', SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '127.0.0.1/32' }] }
}

function tcp(port: number, peer: JsonMap): JsonMap {
  return { IpProtocol: 'tcp', FromPort: port, ToPort: port, ...peer }
}

function egress(group: string, port: number, to: string): JsonMap {
  return { GroupId: group, ...tcp(port, { DestinationSecurityGroupId: to }) }
}

function ingress(group: string, port: number, from: string): JsonMap {
  return { GroupId: group, ...tcp(port, { SourceSecurityGroupId: from }) }
}

function resource(logicalId: string, type: string, of: JsonMap): NetworkResource {
  return { stack: 'net', logicalId, type: `AWS::${type}`, physicalId: logicalId.toLowerCase(), properties: of }
}

/** A change of the world: `null` takes a resource away, a map changes its properties, and `null` in it takes one away. */
export type Changes = Readonly<Record<string, JsonMap | null>>

function changed(of: JsonMap, change: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries({ ...of, ...change }).filter(([, value]) => value !== null))
}

/** @param more resources that the world does not have, by logical id */
export function world(changes: Changes = {}, more: Readonly<Record<string, readonly [string, JsonMap]>> = {}): NetworkResource[] {
  const unknown = Object.keys(changes).find((id) => properties[id] === undefined)
  if (unknown !== undefined) throw new Error(`the world has no ${unknown}`)
  return Object.entries({ ...properties, ...more }).flatMap(([id, [type, of]]) => {
    const change = changes[id]
    return change === null ? [] : [resource(id, type, change === undefined ? of : changed(of, change))]
  })
}

export const aclEntry = entry
export const tcpRule = tcp
