import { describe, expect, it } from 'vitest'
import { networkOf } from '../../../../src/dev/rehearse/network/network-of.ts'
import { type Answer, type Question, reach, type Target } from '../../../../src/dev/rehearse/network/reach.ts'
import { aclEntry, type Changes, tcpRule, world } from './world.ts'

function asked(from: string, to: Target, port = 443): Question {
  return { from: from === 'internet' ? { kind: 'internet' } : { kind: 'workload', id: from }, to, port, protocol: 'tcp' }
}

const sqs = { kind: 'service', service: 'sqs' } as const
const s3 = { kind: 'service', service: 's3' } as const
const slack = { kind: 'host', host: 'hooks.slack.com' } as const
const workload = (id: string) => ({ kind: 'workload', id }) as const

/** Connections that the world allows, by name. */
const connections = {
  'function to database': asked('function', workload('database'), 3306),
  'function to SQS': asked('function', sqs),
  'function to S3': asked('function', s3),
  'function to Slack': asked('function', slack),
  'task to cache': asked('service', workload('cache'), 6379),
  'task to Slack': asked('service', slack),
  'balancer to task': asked('balancer', workload('service'), 8080),
  'balancer to endpoint': asked('balancer', { kind: 'endpoint', id: 'sqs' }),
  'internet to balancer': asked('internet', workload('balancer')),
  'function outside a VPC to Slack': asked('outside', slack),
  'function to balancer': asked('function', workload('balancer')),
} as const satisfies Readonly<Record<string, Question>>
type Name = keyof typeof connections

function answer(name: Name, changes: Changes = {}, more = {}): Answer {
  return reach(networkOf(world(changes, more)), connections[name])
}

it.each(Object.keys(connections) as Name[])('allows %s', (name) => {
  expect(answer(name)).toMatchObject({ allowed: true })
})

const inPublic = { SubnetIds: ['publica', 'publicb'], SecurityGroupIds: ['functiongroup'] }
const publicTask = (AssignPublicIp: string) => ({
  Service: {
    NetworkConfiguration: {
      AwsvpcConfiguration: { AssignPublicIp, Subnets: ['publica', 'publicb'], SecurityGroups: ['taskgroup'] },
    },
  },
})

describe('refuses', () => {
  const cases: readonly (readonly [rule: string, name: Name, changes: Changes, at: string, reason: RegExp])[] = [
    ['no route', 'function to Slack', { NatRoute: null }, 'net/PrivateRoutes', /no route to the internet/],
    ['no route table', 'function to Slack', { PrivateARoutes: null }, 'main route table of vpc', /no route to the internet/],
    [
      'a route to something else',
      'function to Slack',
      { NatRoute: { NatGatewayId: null, TransitGatewayId: 'tgw-1' } },
      'net/NatRoute',
      /tgw-1, which is not followed/,
    ],
    [
      'a route for a part of the internet',
      'function to Slack',
      { NatRoute: { DestinationCidrBlock: '52.0.0.0/8' } },
      'net/NatRoute',
      /not followed/,
    ],
    ['NAT without an address', 'function to Slack', { Nat: { AllocationId: null } }, 'net/Nat', /no Elastic IP address/],
    ['private NAT', 'function to Slack', { Nat: { ConnectivityType: 'private' } }, 'net/Nat', /no Elastic IP address/],
    [
      'NAT in a private subnet',
      'function to Slack',
      { Nat: { SubnetId: 'privatea' } },
      'net/PrivateRoutes',
      /no route for the internet to an internet gateway/,
    ],
    ['NAT in no subnet', 'function to Slack', { PublicA: null }, 'net/Nat', /in no subnet/],
    ['an internet gateway that is not attached', 'function to Slack', { Attachment: null }, 'net/Igw', /not attached/],
    [
      'an endpoint behind NAT',
      'function to S3',
      { S3: { RouteTableIds: ['publicroutes'] } },
      'net/S3',
      /cannot send to an endpoint/,
    ],
    [
      'a function in a public subnet',
      'function to Slack',
      { Function: { VpcConfig: inPublic } },
      'net/Function',
      /a function in a VPC never has one/,
    ],
    ['a task without a public address', 'task to Slack', publicTask('DISABLED'), 'net/Service', /no public address/],

    ['egress of the source', 'function to database', { FunctionToDatabase: null }, 'net/FunctionGroup', /TCP 3306 out/],
    [
      'egress to another port',
      'function to database',
      { FunctionToDatabase: { FromPort: 3307, ToPort: 3307 } },
      'net/FunctionGroup',
      /TCP 3306 out/,
    ],
    [
      'egress of another protocol',
      'function to database',
      { FunctionToDatabase: { IpProtocol: 'udp' } },
      'net/FunctionGroup',
      /TCP 3306 out/,
    ],
    [
      'egress to another group',
      'function to database',
      { FunctionToDatabase: { DestinationSecurityGroupId: 'cachegroup' } },
      'net/FunctionGroup',
      /TCP 3306 out/,
    ],
    [
      'egress to a part of a subnet',
      'function to database',
      { FunctionToDatabase: { DestinationSecurityGroupId: null, CidrIp: '10.0.2.0/25' } },
      'net/FunctionGroup',
      /TCP 3306 out/,
    ],
    [
      'egress to a list that is not known',
      'function to S3',
      { FunctionToServices: { CidrIp: null, DestinationPrefixListId: 'pl-1' } },
      'net/FunctionGroup',
      /TCP 443 out to the internet/,
    ],
    ['ingress of the target', 'function to database', { DatabaseFromFunction: null }, 'net/DatabaseGroup', /TCP 3306 in/],
    [
      'ingress from another group',
      'task to cache',
      { CacheFromTask: { SourceSecurityGroupId: 'functiongroup' } },
      'net/CacheGroup',
      /TCP 6379 in/,
    ],
    [
      'ingress of an endpoint',
      'function to SQS',
      { EndpointGroup: { SecurityGroupIngress: [] } },
      'net/EndpointGroup',
      /TCP 443 in/,
    ],
    [
      'ingress of an endpoint with the default group',
      'function to SQS',
      { Sqs: { SecurityGroupIds: null } },
      'default security group of vpc',
      /TCP 443 in/,
    ],
    [
      'ingress of the balancer',
      'internet to balancer',
      { BalancerGroup: { SecurityGroupIngress: [tcpRule(443, { CidrIp: '203.0.113.0/24' })] } },
      'net/BalancerGroup',
      /TCP 443 in from the internet/,
    ],
    ['ingress of a task', 'balancer to task', { TaskFromBalancer: null }, 'net/TaskGroup', /TCP 8080 in/],
    ['a group that is not there', 'function to database', { DatabaseGroup: null }, 'databasegroup', /TCP 3306 in/],

    ['no ACL entry out', 'function to S3', { PrivateHttps: null }, 'net/PrivateAcl', /connections out to the internet, TCP 443/],
    [
      'no ACL entry for answers',
      'function to S3',
      { PrivateAnswers: null },
      'net/PrivateAcl',
      /answers in from the internet, TCP 1024-65535/,
    ],
    [
      'answers on the ports of Linux only',
      'function to S3',
      { PrivateAnswers: { PortRange: { From: 32_768, To: 65_535 } } },
      'net/PrivateAcl',
      /answers in from the internet, TCP 1024-32767/,
    ],
    ['answers by another protocol', 'function to S3', { PrivateAnswers: { Protocol: 17 } }, 'net/PrivateAcl', /answers in/],
    [
      'answers to NAT',
      'function to Slack',
      { PublicAnswers: { PortRange: { From: 32_768, To: 65_535 } } },
      'net/PublicAcl',
      /answers in from the internet, TCP 1024-32767/,
    ],
    [
      'no ACL entry into the subnet of NAT',
      'function to Slack',
      { PublicFromInside: null, PublicHttps: null },
      'net/PublicAcl',
      /connections in from 10.0.2.0\/24/,
    ],
    [
      'no ACL entry out to the database',
      'function to database',
      { PrivateToInside: null },
      'net/PrivateAcl',
      /connections out to 10.0.3.0\/24, TCP 3306/,
    ],
    [
      'no ACL entry in to the database',
      'function to database',
      { PrivateFromInside: null, PrivateAnswers: null },
      'net/PrivateAcl',
      /connections in from 10.0.2.0\/24, TCP 3306/,
    ],
    [
      'an ACL entry for a part of the subnet',
      'function to database',
      { PrivateToInside: { CidrBlock: '10.0.3.0/25' } },
      'net/PrivateAcl',
      /connections out to 10.0.3.0\/24/,
    ],
    [
      'no ACL entry in to the balancer',
      'internet to balancer',
      { PublicHttps: null },
      'net/PublicAcl',
      /connections in from the internet, TCP 443/,
    ],
    [
      'no ACL entry out of the balancer',
      'internet to balancer',
      { PublicOut: null },
      'net/PublicAcl',
      /answers out to the internet, TCP 1024-65535/,
    ],
    ['an ACL that is not there', 'function to S3', { PrivateAcl: null }, 'privateacl', /connections out/],

    [
      'no ACL entry for answers of the database',
      'function to database',
      { PrivateToInside: { Protocol: 6, PortRange: { From: 3306, To: 3306 } } },
      'net/PrivateAcl',
      /answers out to 10.0.2.0\/24, TCP 1024-3305, 3307-65535/,
    ],
    [
      'no ACL entry for answers to the function',
      'function to database',
      { PrivateFromInside: { Protocol: 6, PortRange: { From: 3306, To: 3306 } }, PrivateAnswers: null },
      'net/PrivateAcl',
      /answers in from 10.0.3.0\/24/,
    ],
    [
      'no ACL entry out of a public subnet',
      'task to Slack',
      { ...publicTask('ENABLED'), PublicOut: null },
      'net/PublicAcl',
      /connections out to the internet/,
    ],
    [
      'no ACL entry for answers into a public subnet',
      'task to Slack',
      { ...publicTask('ENABLED'), PublicAnswers: null },
      'net/PublicAcl',
      /answers in from the internet/,
    ],
    [
      'an internet gateway that is not attached, for a public task',
      'task to Slack',
      { ...publicTask('ENABLED'), Attachment: null },
      'net/Igw',
      /not attached/,
    ],
    [
      'private DNS by default',
      'function to SQS',
      { Sqs: { PrivateDnsEnabled: null }, NatRoute: null },
      'net/PrivateRoutes',
      /net\/Sqs has no private DNS/,
    ],
    ['DNS host names by default', 'function to S3', { Vpc: { EnableDnsHostnames: null } }, 'net/Vpc', /EnableDnsHostnames/],
    [
      'no private DNS',
      'function to SQS',
      { Sqs: { PrivateDnsEnabled: false }, NatRoute: null },
      'net/PrivateRoutes',
      /net\/Sqs has no private DNS/,
    ],
    [
      'no DNS host names',
      'function to SQS',
      { Vpc: { EnableDnsHostnames: false }, NatRoute: null },
      'net/PrivateRoutes',
      /EnableDnsHostnames false/,
    ],
    ['no DNS', 'function to SQS', { Vpc: { EnableDnsSupport: false } }, 'net/Vpc', /no name is resolved/],
    [
      'no DNS for the name of a database',
      'function to database',
      { Vpc: { EnableDnsSupport: false } },
      'net/Vpc',
      /no name is resolved/,
    ],
    [
      'no DNS host names for a gateway endpoint',
      'function to S3',
      { Vpc: { EnableDnsHostnames: false } },
      'net/Vpc',
      /EnableDnsHostnames/,
    ],
    [
      'a gateway endpoint of another route table',
      'function to S3',
      { S3: { RouteTableIds: [] }, NatRoute: null },
      'net/PrivateRoutes',
      /net\/S3 is not associated with net\/PrivateRoutes/,
    ],
    ['an endpoint in no subnet', 'function to SQS', { Sqs: { SubnetIds: [] } }, 'net/Sqs', /in no subnet/],
    [
      'an endpoint of another VPC',
      'function to SQS',
      { Sqs: { VpcId: 'other' }, NatRoute: null },
      'net/PrivateRoutes',
      /no route to the internet/,
    ],

    [
      'a function outside the VPC',
      'function to database',
      { Function: { VpcConfig: null } },
      'net/Database',
      /no public address/,
    ],
    [
      'no internet gateway before the balancer',
      'internet to balancer',
      { PublicRoute: null },
      'net/PublicRoutes',
      /no route for the internet/,
    ],
    ['an internal balancer', 'internet to balancer', { Balancer: { Scheme: 'internal' } }, 'net/Balancer', /no public address/],
    [
      'a port without a listener',
      'internet to balancer',
      { Listener: { Port: 80 } },
      'net/Balancer',
      /listens on port 80, not on 443/,
    ],
    [
      'the port of another engine',
      'function to database',
      { Database: { Engine: 'postgres' } },
      'net/Database',
      /listens on port 5432, not on 3306/,
    ],
    [
      'a port that the container does not open',
      'balancer to task',
      { Task: { ContainerDefinitions: [{}] } },
      'net/Service',
      /listens on no port/,
    ],
    ['a subnet that is not there', 'task to cache', { PrivateB: null }, 'net/Cache', /in no subnet of the templates/],
    ['a balancer that is not there', 'internet to balancer', { Balancer: null }, 'balancer', /not in the templates/],
    ['a function that is not there', 'function to database', { Function: null }, 'function', /not in the templates/],
  ]
  it.each(cases)('%s: %s', (_rule, name, changes, at, reason) => {
    const found = answer(name, changes)
    expect(found).toMatchObject({ allowed: false, at, reason: expect.stringMatching(reason) })
    expect(found).toMatchObject({ page: expect.stringMatching(/^https:\/\/docs\.aws\.amazon\.com\//) })
  })
})

describe('the internet', () => {
  it('reaches nothing but the balancer', () => {
    const network = networkOf(world())
    for (const id of ['database', 'cache', 'service']) {
      expect(reach(network, asked('internet', workload(id), 3306))).toMatchObject({
        allowed: false,
        reason: `net/${id === 'service' ? 'Service' : id === 'cache' ? 'Cache' : 'Database'} has no public address.`,
      })
    }
    expect(reach(network, asked('internet', workload('function')))).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('invoked through the API of Lambda'),
    })
    expect(reach(network, asked('internet', { kind: 'endpoint', id: 'sqs' }))).toMatchObject({ allowed: false })
  })

  it('reaches a public database only through its subnets, ACLs and groups', () => {
    const open = { Database: { PubliclyAccessible: true } }
    const question = asked('internet', workload('database'), 3306)
    expect(reach(networkOf(world(open)), question)).toMatchObject({ at: 'net/PrivateRoutes' })
    const inPublicSubnets = { ...open, DatabaseSubnets: { SubnetIds: ['publica'] } }
    expect(reach(networkOf(world(inPublicSubnets)), question)).toMatchObject({ at: 'net/DatabaseGroup' })
    const opened = { ...inPublicSubnets, DatabaseGroup: { SecurityGroupIngress: [tcpRule(3306, { CidrIp: '0.0.0.0/0' })] } }
    expect(reach(networkOf(world(opened)), question)).toMatchObject({ allowed: true, via: { kind: 'internet' } })
  })

  it('may be one address', () => {
    const partner = { BalancerGroup: { SecurityGroupIngress: [tcpRule(443, { CidrIp: '203.0.113.0/24' })] } }
    const from = (address: string): Question => ({ ...connections['internet to balancer'], from: { kind: 'internet', address } })
    expect(reach(networkOf(world(partner)), from('203.0.113.9'))).toMatchObject({ allowed: true })
    expect(reach(networkOf(world(partner)), from('198.51.100.1'))).toMatchObject({ allowed: false, at: 'net/BalancerGroup' })
    expect(() => reach(networkOf(world()), from('nowhere'))).toThrow('"nowhere" is not an IPv4 range')
  })
})

describe('the path of a call', () => {
  it('goes by an interface endpoint, whose id policies see', () => {
    expect(answer('function to SQS')).toMatchObject({ via: { kind: 'interface', endpoint: 'sqs', vpc: 'vpc' } })
    expect(answer('balancer to endpoint')).toMatchObject({ via: { kind: 'interface', endpoint: 'sqs', vpc: 'vpc' } })
  })

  it('goes by a gateway endpoint, whose id policies see', () => {
    expect(answer('function to S3')).toMatchObject({ via: { kind: 'gateway', endpoint: 's3', vpc: 'vpc' } })
  })

  it('goes by the gateway endpoint of S3 beside an interface endpoint for outside the VPC', () => {
    const endpoint = {
      VpcId: 'vpc',
      VpcEndpointType: 'Interface',
      ServiceName: 'com.amazonaws.ap-northeast-2.s3',
      PrivateDnsEnabled: true,
      SubnetIds: ['privatea', 'privateb'],
      SecurityGroupIds: ['endpointgroup'],
      DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: true },
    }
    const more = { S3Interface: ['EC2::VPCEndpoint', endpoint] }
    expect(answer('function to S3', {}, more)).toMatchObject({ via: { kind: 'gateway', endpoint: 's3' } })
    const plain = { S3Interface: ['EC2::VPCEndpoint', { ...endpoint, DnsOptions: {} }] }
    expect(answer('function to S3', {}, plain)).toMatchObject({ via: { kind: 'interface', endpoint: 's3interface' } })
  })

  it('goes by NAT where no endpoint serves the subnet, and says why', () => {
    const found = answer('function to SQS', { Sqs: { PrivateDnsEnabled: false } })
    expect(found).toMatchObject({ allowed: true, via: { kind: 'nat' } })
    expect(found.allowed && found.warnings).toContain('No endpoint is used: net/Sqs has no private DNS.')
  })

  it('goes by NAT from one subnet and by an endpoint from the other', () => {
    const more = {
      OtherRoutes: ['EC2::RouteTable', { VpcId: 'vpc' }],
      OtherRoute: ['EC2::Route', { RouteTableId: 'otherroutes', DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat' }],
    } as const
    const found = answer('function to S3', { PrivateBRoutes: { RouteTableId: 'otherroutes' } }, more)
    expect(found.allowed && found.ways.map(({ via }) => via.kind)).toEqual(['gateway', 'nat'])
  })

  it('goes by the internet from a task with a public address', () => {
    expect(answer('task to Slack', publicTask('ENABLED'))).toMatchObject({ allowed: true, via: { kind: 'internet' } })
  })

  it('stays in the VPC between its workloads', () => {
    expect(answer('function to database')).toMatchObject({ via: { kind: 'vpc' } })
  })

  it('names the places', () => {
    expect(answer('function to Slack')).toMatchObject({
      path: [
        'net/Function (function)',
        'name resolved',
        'security group net/FunctionGroup',
        'subnet net/PrivateA',
        'acl net/PrivateAcl',
        'acl net/PublicAcl',
        'nat gateway net/Nat',
        'internet gateway net/Igw',
        'hooks.slack.com',
      ],
    })
  })

  it('warns of a zone that a call depends on', () => {
    expect(answer('function to Slack')).toMatchObject({ warnings: ['net/PrivateB depends on net/Nat in the zone a.'] })
    const found = answer('function to SQS', { Sqs: { SubnetIds: ['privatea'] } })
    expect(found).toMatchObject({ allowed: true, warnings: ['net/Sqs has no interface in the zone b.'] })
  })
})

describe('a route', () => {
  it('for a part of the VPC leads out of it', () => {
    const route = { RouteTableId: 'privateroutes', DestinationCidrBlock: '10.0.3.0/24', TransitGatewayId: 'tgw-1' }
    const found = answer('function to database', {}, { Detour: ['EC2::Route', route] })
    expect(found).toMatchObject({
      allowed: false,
      at: 'net/Detour',
      reason: expect.stringContaining('to tgw-1, which is not followed'),
    })
  })

  it('for a part of the internet wins over the one for all of it', () => {
    const route = { RouteTableId: 'privateroutes', DestinationCidrBlock: '52.0.0.0/8', VpcPeeringConnectionId: 'pcx-1' }
    const found = answer('function to Slack', {}, { Detour: ['EC2::Route', route] })
    expect(found).toMatchObject({ allowed: false, at: 'net/Detour', reason: expect.stringContaining('leads to pcx-1') })
  })

  it('may write out what every route table has', () => {
    const route = { RouteTableId: 'privateroutes', DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' }
    expect(answer('function to database', {}, { Local: ['EC2::Route', route] })).toMatchObject({ allowed: true })
  })

  it('is not looked for between VPCs', () => {
    const more = {
      OtherVpc: ['EC2::VPC', { CidrBlock: '10.9.0.0/16' }],
      OtherSubnet: ['EC2::Subnet', { VpcId: 'othervpc', AvailabilityZone: 'a', CidrBlock: '10.9.0.0/24' }],
    } as const
    const found = answer('function to database', { DatabaseSubnets: { SubnetIds: ['othersubnet'] } }, more)
    expect(found).toMatchObject({ allowed: false, reason: expect.stringContaining('another VPC (net/OtherVpc)') })
  })
})

describe('an ACL', () => {
  it('is decided by the first entry that matches', () => {
    const deny = { ...aclEntry('privateacl', 90, true, 6, '0.0.0.0/0', 443, 443), RuleAction: 'deny' }
    const before = answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', deny] })
    expect(before).toMatchObject({ allowed: false, at: 'net/Deny' })
    const after = answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', { ...deny, RuleNumber: 120 }] })
    expect(after).toMatchObject({ allowed: true })
  })

  it('may deny single ports of the range for answers, which is a warning', () => {
    const deny = { ...aclEntry('privateacl', 105, false, 6, '0.0.0.0/0', 3306, 3306), RuleAction: 'deny' }
    expect(answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', deny] })).toMatchObject({
      allowed: true,
      warnings: ['The network ACL does not let answers in from the internet, TCP 3306.'],
    })
    const many = { ...deny, PortRange: { From: 3000, To: 4000 } }
    expect(answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', many] })).toMatchObject({
      allowed: false,
      at: 'net/Deny',
    })
  })

  it('lets answers to tasks in on the ports of Linux', () => {
    const linux = { PrivateAnswers: { PortRange: { From: 32_768, To: 60_999 } } }
    expect(answer('task to Slack', linux)).toMatchObject({ allowed: true })
    const less = { PrivateAnswers: { PortRange: { From: 32_768, To: 60_998 } } }
    expect(answer('task to Slack', less)).toMatchObject({ allowed: false, reason: expect.stringContaining('60999') })
  })

  it('is not asked inside a subnet', () => {
    const one = { SubnetIds: ['privatea'] }
    const changes = {
      PrivateToInside: null,
      PrivateFromInside: null,
      DatabaseSubnets: one,
      Function: { VpcConfig: { ...one, SecurityGroupIds: ['functiongroup'] } },
    }
    expect(answer('function to database', changes)).toMatchObject({ allowed: true })
  })

  it('lets everything through where a subnet has none of its own', () => {
    const changes = { PrivateAAcl: null, PrivateBAcl: null, PrivateAcl: null }
    expect(answer('function to S3', changes)).toMatchObject({ allowed: true })
  })

  it('may deny a part of the internet, which some call then meets', () => {
    const deny = { ...aclEntry('privateacl', 90, true, -1, '52.0.0.0/8'), RuleAction: 'deny' }
    expect(answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', deny] })).toMatchObject({
      allowed: false,
      at: 'net/Deny',
    })
    const inside = { ...deny, CidrBlock: '10.0.0.0/8' }
    expect(answer('function to S3', {}, { Deny: ['EC2::NetworkAclEntry', inside] })).toMatchObject({ allowed: true })
  })
})

describe('a security group', () => {
  it('lets everything out if its template has no egress rule', () => {
    const changes = { FunctionGroup: { SecurityGroupEgress: null }, FunctionToDatabase: null }
    expect(answer('function to database', changes)).toMatchObject({ allowed: true })
  })

  it('may name the prefix list of a service', () => {
    const changes = { FunctionToServices: { CidrIp: null, DestinationPrefixListId: 'pl-1' } }
    const known = networkOf(world(changes), new Map([['pl-1', 's3']]))
    expect(reach(known, connections['function to S3'])).toMatchObject({ allowed: true })
    expect(reach(known, connections['function to Slack'])).toMatchObject({ allowed: false, at: 'net/FunctionGroup' })
  })

  it('may name a prefix list of its own', () => {
    const changes = { FunctionToDatabase: { DestinationSecurityGroupId: null, DestinationPrefixListId: 'list' } }
    const list = ['EC2::PrefixList', { Entries: [{ Cidr: '10.0.2.0/23' }] }] as const
    expect(answer('function to database', changes, { List: list })).toMatchObject({ allowed: true })
  })

  it('takes protocol -1 as all ports, whatever the rule says', () => {
    const changes = { FunctionToDatabase: { IpProtocol: '-1', FromPort: 1, ToPort: 1 } }
    expect(answer('function to database', changes)).toMatchObject({ allowed: true })
  })
})

describe('an address', () => {
  const question = (address: string, groups?: string[]): Question =>
    asked('function', { kind: 'address', address, ...(groups && { groups }) }, 3306)

  it('depends on its subnet and its groups', () => {
    const network = networkOf(world())
    expect(reach(network, question('10.0.3.9', ['databasegroup']))).toMatchObject({ allowed: true })
    expect(reach(network, question('10.0.3.9'))).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('out to 10.0.3.9'),
    })
    expect(reach(network, question('10.9.0.1'))).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('in no subnet'),
    })
  })

  it('is out of reach of a function outside the VPC if it is private', () => {
    const network = networkOf(world())
    expect(reach(network, asked('outside', { kind: 'address', address: '10.0.3.9' }))).toMatchObject({ allowed: false })
    expect(reach(network, asked('outside', { kind: 'address', address: '8.8.8.8' }))).toMatchObject({ allowed: true })
  })
})

it('starts at what makes connections', () => {
  expect(reach(networkOf(world()), asked('database', slack))).toMatchObject({
    allowed: false,
    reason: 'net/Database starts no connections.',
  })
})

describe('what cannot be checked', () => {
  it('is named', () => {
    const changes = {
      FunctionToServices: { CidrIp: null, CidrIpv6: '::/0' },
      TaskToServices: { CidrIp: null, DestinationPrefixListId: 'pl-9' },
    }
    const dhcp = { Dhcp: ['EC2::DHCPOptions', { DomainNameServers: ['10.0.0.9'] }] } as const
    expect(networkOf(world(changes, dhcp)).unchecked).toEqual([
      'net/Dhcp: DNS servers other than those of AWS are not checked.',
      'net/FunctionToServices, CidrIpv6: IPv6 is not checked.',
      'net/TaskToServices, DestinationPrefixListId: the addresses of pl-9 are not known.',
    ])
  })

  it('is refused with the resource if it cannot be read', () => {
    expect(() => networkOf(world({ Vpc: { CidrBlock: '10.0.0.0/99' } }))).toThrow(
      'net/Vpc, CidrBlock: "10.0.0.0/99" is not an IPv4 range such as 10.0.0.0/16.',
    )
    expect(() => networkOf(world({ PublicHttps: { PortRange: null } }))).toThrow(
      'net/PublicHttps: PortRange has to have From and To',
    )
  })
})
