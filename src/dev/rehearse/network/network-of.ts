import type { Network } from './model.ts'
import { aclFinder } from './read-acls.ts'
import { endpointsOf } from './read-endpoints.ts'
import { groupsOf } from './read-groups.ts'
import { internetGatewaysOf, natGatewaysOf, routeTableFinder } from './read-routes.ts'
import { prefixListsOf, subnetsOf, vpcsOf } from './read-vpcs.ts'
import { workloadsOf } from './read-workloads.ts'
import type { NetworkResource } from './resource.ts'
import { uncheckedIn } from './unchecked.ts'

/**
 * Reads the network of all stacks of a stage.
 * @param managedPrefixLists the service of each prefix list of AWS that a rule names, by its id
 * @throws Unresolvable that names the resource whose range or ports cannot be read
 */
export function networkOf(
  resources: readonly NetworkResource[],
  managedPrefixLists: ReadonlyMap<string, string> = new Map(),
): Network {
  const vpcs = vpcsOf(resources)
  const internetGateways = internetGatewaysOf(resources)
  const prefixLists = prefixListsOf(resources, managedPrefixLists)
  const routeTableOf = routeTableFinder(resources, internetGateways, prefixLists)
  const subnets = subnetsOf(resources, vpcs, routeTableOf, aclFinder(resources))
  return {
    vpcs,
    subnets,
    groups: groupsOf(resources, vpcs),
    endpoints: endpointsOf(resources),
    natGateways: natGatewaysOf(resources),
    internetGateways,
    workloads: workloadsOf(resources, subnets),
    prefixLists,
    unchecked: uncheckedIn(resources, prefixLists),
  }
}
