import { type Rule, textsAt } from './rule.ts'

/** What has network interfaces. Lambda's stay until no function uses their subnet and groups any more. */
export const withInterfaces = [
  'AWS::EC2::VPCEndpoint',
  'AWS::EC2::NatGateway',
  'AWS::ECS::Service',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::Lambda::Function',
  'AWS::RDS::DBInstance',
]

/** Subnets and groups have to exist when something is put into them. */
export function placedIn(subnets: string, groups: string, source: string): Rule {
  return {
    source,
    refuse: ({ properties }, { inventory }) => {
      const gone =
        textsAt(properties, subnets).find((id) => inventory.find('AWS::EC2::Subnet', id) === undefined) ??
        textsAt(properties, groups).find((id) => inventory.find('AWS::EC2::SecurityGroup', id) === undefined)
      return gone && `The ${gone.startsWith('sg-') ? 'security group' : 'subnet ID'} '${gone}' does not exist`
    },
  }
}
