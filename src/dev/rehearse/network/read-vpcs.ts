import { blockOf } from './block.ts'
import type { Acl, PrefixList, RouteTable, Subnet, Vpc } from './model.ts'
import { flagIn, mapsIn, type NetworkResource, nameOf, ofType, textIn } from './resource.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html */
export function vpcsOf(resources: readonly NetworkResource[]): ReadonlyMap<string, Vpc> {
  const more = ofType(resources, 'AWS::EC2::VPCCidrBlock')
  return new Map(
    ofType(resources, 'AWS::EC2::VPC').map((vpc) => {
      const ranges = [vpc, ...more.filter(({ properties }) => textIn(properties, 'VpcId') === vpc.physicalId)]
      return [
        vpc.physicalId,
        {
          id: vpc.physicalId,
          name: nameOf(vpc),
          blocks: ranges.flatMap((one) => {
            const text = textIn(one.properties, 'CidrBlock')
            return text === undefined ? [] : [blockOf(text, `${nameOf(one)}, CidrBlock`)]
          }),
          // The defaults of CloudFormation.
          dnsSupport: flagIn(vpc.properties, 'EnableDnsSupport', true),
          dnsHostnames: flagIn(vpc.properties, 'EnableDnsHostnames', false),
        },
      ]
    }),
  )
}

export function subnetsOf(
  resources: readonly NetworkResource[],
  vpcs: ReadonlyMap<string, Vpc>,
  routesOf: (subnet: string, vpc: string) => RouteTable,
  aclOf: (subnet: string, vpc: string) => Acl,
): ReadonlyMap<string, Subnet> {
  return new Map(
    ofType(resources, 'AWS::EC2::Subnet').flatMap((subnet): [string, Subnet][] => {
      const { physicalId: id, properties } = subnet
      const name = nameOf(subnet)
      const vpc = vpcs.get(textIn(properties, 'VpcId') ?? '')
      const text = textIn(properties, 'CidrBlock')
      // A subnet of IPv6 alone, or of a network that is not in the templates.
      if (vpc === undefined || text === undefined) return []
      const zone = textIn(properties, 'AvailabilityZone') ?? textIn(properties, 'AvailabilityZoneId') ?? ''
      const block = blockOf(text, `${name}, CidrBlock`)
      return [[id, { id, name, vpc, zone, block, routes: routesOf(id, vpc.id), acl: aclOf(id, vpc.id) }]]
    }),
  )
}

/**
 * The prefix lists that the templates make, and those of AWS that are given.
 * @param managed the service of each prefix list of AWS, by its id: `pl-78a54011` is s3 in ap-northeast-2
 */
export function prefixListsOf(
  resources: readonly NetworkResource[],
  managed: ReadonlyMap<string, string>,
): ReadonlyMap<string, PrefixList> {
  const own = ofType(resources, 'AWS::EC2::PrefixList').map((list): [string, PrefixList] => [
    list.physicalId,
    {
      blocks: mapsIn(list.properties, 'Entries').flatMap((entry) => {
        const text = textIn(entry, 'Cidr')
        return text === undefined || text.includes(':') ? [] : [blockOf(text, `${nameOf(list)}, Entries`)]
      }),
    },
  ])
  return new Map([...own, ...[...managed].map(([id, service]): [string, PrefixList] => [id, { service }])])
}
