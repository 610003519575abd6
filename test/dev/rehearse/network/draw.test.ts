import { expect, it } from 'vitest'
import { drawn } from '../../../../src/dev/rehearse/network/draw.ts'
import { networkOf } from '../../../../src/dev/rehearse/network/network-of.ts'
import { type Answer, reach } from '../../../../src/dev/rehearse/network/reach.ts'
import { type Changes, world } from './world.ts'

function toService(service: string, changes: Changes = {}, more = {}): Answer {
  const question = {
    from: { kind: 'workload', id: 'function' },
    to: { kind: 'service', service },
    port: 443,
    protocol: 'tcp',
  } as const
  return reach(networkOf(world(changes, more)), question)
}

it('shows the hops of a call', () => {
  expect(drawn(toService('sqs'))).toEqual([
    'Function (function) -> name resolved -> security group FunctionGroup -> subnet PrivateA -> route local -> ' +
      'security group EndpointGroup -> endpoint Sqs',
  ])
})

it('shows each way by another endpoint or gateway, and what may fail', () => {
  const more = {
    OtherRoutes: ['EC2::RouteTable', { VpcId: 'vpc' }],
    OtherRoute: ['EC2::Route', { RouteTableId: 'otherroutes', DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat' }],
  }
  const lines = drawn(toService('s3', { PrivateBRoutes: { RouteTableId: 'otherroutes' } }, more))
  expect(lines).toEqual([
    expect.stringMatching(/-> endpoint S3$/),
    expect.stringMatching(/-> nat gateway Nat -> internet gateway Igw -> public address$/),
    '  ! net/PrivateB depends on net/Nat in the zone a.',
    '  ! No endpoint is used: net/S3 is not associated with net/OtherRoutes.',
  ])
})

it('shows where a call is refused, why, and the page of AWS', () => {
  expect(drawn(toService('s3', { PrivateHttps: null }))).toEqual([
    'Function (function) -> name resolved -> security group FunctionGroup -> subnet PrivateA -> route table PrivateRoutes -> acl PrivateAcl -> refused',
    '  net/PrivateAcl: The network ACL does not let connections out to the internet, TCP 443.',
    '  https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
  ])
})
