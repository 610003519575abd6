import { AwsClient } from '../ports/index.ts'
import { customResource } from './custom-resource.ts'
import { endpointAddresses } from './endpoint-addresses.ts'

/** `Custom::EndpointAddresses` of templates/stacks/gateway.yaml. */
export const handler = customResource(endpointAddresses(new AwsClient('ec2', {})))
