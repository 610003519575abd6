import { AwsClient } from '../ports/index.ts'
import { customResource } from './custom-resource.ts'
import { ipSets } from './ip-sets.ts'

/** `Custom::IpSets` of templates/stacks/edge.yaml. */
export const handler = customResource(ipSets(new AwsClient('wafv2', {})))
