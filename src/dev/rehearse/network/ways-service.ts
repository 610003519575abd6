import { leavesSubnet } from './acls.ts'
import { internet } from './block.ts'
import type { Endpoint, Network, Subnet, Vpc } from './model.ts'
import { pages } from './pages.ts'
import { letsOut } from './security-groups.ts'
import type { Connection, Spot, Way } from './spot.ts'
import { pass, refuse, type Verdict } from './verdict.ts'
import { waysInside } from './ways-inside.ts'
import { wayOut } from './ways-out.ts'

/**
 * Names are resolved by the resolver of the VPC. Security groups and ACLs do not filter it.
 * https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
export function namesResolve(vpc: Vpc): Verdict {
  if (vpc.dnsSupport) return pass(vpc.name, 'name resolved')
  return refuse(vpc.name, 'name not resolved', `${vpc.name} has EnableDnsSupport false, so no name is resolved.`, pages.dns)
}

/** Why a service's name does not lead to an endpoint that is there. `undefined`: it does. */
function unused(endpoint: Endpoint, { vpc, routes }: Subnet): string | undefined {
  if (endpoint.kind === 'other') return `${endpoint.name} is of a type that is not followed.`
  if (endpoint.kind === 'interface') {
    if (!endpoint.privateDns) return `${endpoint.name} has no private DNS.`
    return vpc.dnsHostnames ? undefined : `${endpoint.name} has private DNS, and ${vpc.name} has EnableDnsHostnames false.`
  }
  return endpoint.routeTables.includes(routes.id) ? undefined : `${endpoint.name} is not associated with ${routes.name}.`
}

/** The name of a service leads to the interfaces of its endpoint: those of every zone. */
function byInterface(network: Network, spot: Spot, endpoint: Endpoint, asked: Connection): Way[] {
  const zones = endpoint.subnets.map((id) => network.subnets.get(id)?.zone)
  const { zone } = spot.subnet
  const warning = zones.includes(zone) ? undefined : `${endpoint.name} has no interface in the zone ${zone}.`
  const last = pass(endpoint.name, `endpoint ${endpoint.name}`, warning)
  return waysInside(network, spot, endpoint, asked).map(({ verdicts }) => ({
    via: { kind: 'interface', endpoint: endpoint.id, vpc: spot.subnet.vpc.id },
    verdicts: [...verdicts, last],
  }))
}

/**
 * A gateway endpoint has no interfaces: the service keeps its public addresses, which the ACL and the security group of the source
 * have to let through (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html).
 */
function byGateway(network: Network, spot: Spot, endpoint: Endpoint, asked: Connection): Way {
  const { subnet } = spot
  const { vpc, routes } = subnet
  const names = vpc.dnsHostnames
    ? pass(vpc.name, 'name resolved')
    : refuse(vpc.name, 'name', `Gateway endpoints need EnableDnsHostnames, and ${vpc.name} has it false.`, pages.gatewayDns)
  return {
    via: { kind: 'gateway', endpoint: endpoint.id, vpc: vpc.id },
    verdicts: [
      names,
      letsOut(network, spot.source, { block: internet, groups: [], service: endpoint.service }, asked),
      pass(subnet.name, `subnet ${subnet.name}`),
      pass(routes.name, `route table ${routes.name}`),
      ...leavesSubnet(subnet, internet, { ...asked, answers: spot.answers }),
      pass(endpoint.name, `endpoint ${endpoint.name}`),
    ],
  }
}

/** Says of a call that goes around an endpoint why it does. */
function around(way: Way, reasons: readonly string[]): Way {
  if (reasons.length === 0) return way
  const text = `No endpoint is used: ${reasons.join(' ')}`
  const verdicts = way.verdicts.map((verdict) =>
    verdict.refusal === undefined
      ? verdict
      : { ...verdict, refusal: { ...verdict.refusal, reason: `${verdict.refusal.reason} ${text}` } },
  )
  return { ...way, verdicts: [...verdicts, pass(way.via.kind, `public address`, text)] }
}

/** The ways to an AWS service by its own name: by an interface endpoint, else by a gateway endpoint, else by its public address. */
export function waysToService(network: Network, spot: Spot, service: string, asked: Connection): Way[] {
  const { vpc } = spot.subnet
  const endpoints = [...network.endpoints.values()].filter((one) => one.vpc === vpc.id && one.service === service)
  const used = endpoints.filter((endpoint) => unused(endpoint, spot.subnet) === undefined)
  const [byName] = used.filter(({ kind }) => kind === 'interface')
  const [byRoute] = used.filter(({ kind }) => kind === 'gateway')
  const ways = byName
    ? byInterface(network, spot, byName, asked)
    : byRoute
      ? [byGateway(network, spot, byRoute, asked)]
      : [
          around(
            wayOut(network, spot, asked, service),
            endpoints.flatMap((one) => unused(one, spot.subnet) ?? []),
          ),
        ]
  return ways.map((way) => ({ ...way, verdicts: [namesResolve(vpc), ...way.verdicts] }))
}
