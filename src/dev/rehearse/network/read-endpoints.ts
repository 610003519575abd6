import type { Endpoint } from './model.ts'
import { defaultGroup } from './read-groups.ts'
import { flagIn, mapIn, type NetworkResource, nameOf, ofType, textIn, textsIn } from './resource.ts'

const kinds: Readonly<Record<string, Endpoint['kind']>> = { Interface: 'interface', Gateway: 'gateway' }

/** `sqs` of `com.amazonaws.ap-northeast-2.sqs`. */
function serviceOf(name: string): string {
  return name.replace(/^(?:cn\.)?(?:com\.amazonaws|aws\.api)\.[a-z0-9-]+\./, '')
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html */
export function endpointsOf(resources: readonly NetworkResource[]): ReadonlyMap<string, Endpoint> {
  return new Map(
    ofType(resources, 'AWS::EC2::VPCEndpoint').map((endpoint) => {
      const { physicalId: id, properties } = endpoint
      const vpc = textIn(properties, 'VpcId') ?? ''
      const groups = textsIn(properties, 'SecurityGroupIds')
      // With this option of S3, names inside the VPC still lead to the gateway endpoint.
      const forOutside = flagIn(mapIn(properties, 'DnsOptions'), 'PrivateDnsOnlyForInboundResolverEndpoint', false)
      return [
        id,
        {
          id,
          name: nameOf(endpoint),
          // The defaults of CloudFormation: a gateway endpoint, and no private DNS.
          kind: kinds[textIn(properties, 'VpcEndpointType') ?? 'Gateway'] ?? 'other',
          vpc,
          service: serviceOf(textIn(properties, 'ServiceName') ?? ''),
          privateDns: flagIn(properties, 'PrivateDnsEnabled', false) && !forOutside,
          subnets: textsIn(properties, 'SubnetIds'),
          groups: groups.length > 0 ? groups : [defaultGroup(vpc)],
          routeTables: textsIn(properties, 'RouteTableIds'),
        },
      ]
    }),
  )
}
