import { mapsAt, notHeldBy, numberAt, oneOfAKind, quota, type Rule, type ServiceRules, shaped, textAt, textsAt } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html'
const deletion =
  'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#deletion-protection'
const groups = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html'
const deleteGroup = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html'
const rules = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html'
const listeners = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html'
const accessLogs = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html'

/** 1 to 32 letters, digits and hyphens, neither first nor last a hyphen. */
const name = /^(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/

function attribute(properties: Parameters<typeof mapsAt>[0], key: string): string {
  return textAt(mapsAt(properties, 'LoadBalancerAttributes').find((one) => textAt(one, 'Key') === key) ?? {}, 'Value')
}

const unprotected: Rule = {
  source: deletion,
  refuse: ({ type, id, properties }, { inventory }) =>
    attribute(inventory.find(type, id)?.properties ?? properties, 'deletion_protection.enabled') === 'true'
      ? `Load balancer '${id}' cannot be deleted because deletion protection is enabled`
      : undefined,
}

const twoZones: Rule = {
  source: creation,
  refuse: ({ properties }, { inventory }) => {
    const subnets = textsAt(properties, 'Subnets')
    const found = subnets.map((id) => inventory.find('AWS::EC2::Subnet', id))
    if (found.includes(undefined)) return `The subnet ID '${subnets[found.indexOf(undefined)]}' does not exist`
    const zones = new Set(found.map((one) => one && textAt(one.properties, 'AvailabilityZone')))
    return zones.size < 2 ? 'At least two subnets in two different Availability Zones must be specified' : undefined
  },
}

/** A load balancer that faces the internet needs subnets with a route to an internet gateway. */
const hasInternet: Rule = {
  source: creation,
  refuse: ({ properties }, { inventory }) => {
    if (textAt(properties, 'Scheme') === 'internal') return undefined
    const lacking = textsAt(properties, 'Subnets').find((subnet) => {
      const table = inventory
        .of('AWS::EC2::SubnetRouteTableAssociation')
        .find((one) => textAt(one.properties, 'SubnetId') === subnet)
      const routes = inventory
        .of('AWS::EC2::Route')
        .filter((one) => textAt(one.properties, 'RouteTableId') === textAt(table?.properties ?? {}, 'RouteTableId'))
      return !routes.some((one) => textAt(one.properties, 'GatewayId').startsWith('igw-'))
    })
    return lacking && `VPC subnet ${lacking} has no internet gateway`
  },
}

const mayWriteLogs: Rule = {
  source: accessLogs,
  refuse: ({ properties }, { inventory }) => {
    if (attribute(properties, 'access_logs.s3.enabled') !== 'true') return undefined
    const bucket = attribute(properties, 'access_logs.s3.bucket')
    const policy = inventory.of('AWS::S3::BucketPolicy').find((one) => textAt(one.properties, 'Bucket') === bucket)
    return policy !== undefined && JSON.stringify(policy.properties).includes('logdelivery.elasticloadbalancing.amazonaws.com')
      ? undefined
      : `Access Denied for bucket: ${bucket}. Please check S3bucket permission`
  },
}

const certificateIssued: Rule = {
  source: listeners,
  refuse: ({ properties }, { inventory, facts }) => {
    if (textAt(properties, 'Protocol') !== 'HTTPS') return undefined
    const arn = textAt(mapsAt(properties, 'Certificates')[0] ?? {}, 'CertificateArn')
    if (arn === '') return 'A certificate must be specified for HTTPS listeners'
    if (inventory.find('AWS::CertificateManager::Certificate', arn) !== undefined || facts.certificates === undefined)
      return undefined
    const status = facts.certificates.get(arn)
    if (status === 'ISSUED') return undefined
    return status === undefined
      ? `Certificate ARN '${arn}' is not valid`
      : `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size. (${status})`
  },
}

const certificateInRegion: Rule = {
  source: listeners,
  refuse: ({ properties }, { region }) => {
    const arn = textAt(mapsAt(properties, 'Certificates')[0] ?? {}, 'CertificateArn')
    return arn === '' || arn.split(':')[3] === region ? undefined : `Certificate ARN '${arn}' is not valid`
  },
}

const balancerOfListener = (arn: string): string => arn.replace(':listener/', ':loadbalancer/').split('/').slice(0, -1).join('/')

/** A target group serves one load balancer. */
const oneBalancer: Rule = {
  source: groups,
  refuse: ({ id, properties }, { inventory }) => {
    const mine = new Set(mapsAt(properties, 'Actions').map((action) => textAt(action, 'TargetGroupArn')))
    const balancer = balancerOfListener(textAt(properties, 'ListenerArn'))
    const other = inventory
      .of('AWS::ElasticLoadBalancingV2::ListenerRule')
      .find(
        (one) =>
          one.id !== id &&
          balancerOfListener(textAt(one.properties, 'ListenerArn')) !== balancer &&
          mapsAt(one.properties, 'Actions').some(
            (action) => mine.has(textAt(action, 'TargetGroupArn')) && textAt(action, 'TargetGroupArn') !== '',
          ),
      )
    return other && 'The following target groups cannot be associated with more than one load balancer'
  },
}

const priority: Rule = {
  source: rules,
  refuse: ({ properties }) => {
    const value = numberAt(properties, 'Priority') ?? 0
    return value >= 1 && value <= 50_000 ? undefined : `Priority '${value}' is not valid: it has to be between 1 and 50000`
  },
}

const listenerExists: Rule = {
  source: rules,
  refuse: ({ properties }, { inventory }) => {
    const arn = textAt(properties, 'ListenerArn')
    return inventory.find('AWS::ElasticLoadBalancingV2::Listener', arn) === undefined
      ? `One or more listeners not found: ${arn}`
      : undefined
  },
}

/** Health checks: the timeout has to be shorter than the interval. */
const checksInTime: Rule = {
  source: groups,
  refuse: ({ properties }) => {
    const interval = numberAt(properties, 'HealthCheckIntervalSeconds') ?? 30
    const timeout = numberAt(properties, 'HealthCheckTimeoutSeconds') ?? 5
    if (interval < 5 || interval > 300) return `Health check interval must be between 5 and 300, not ${interval}`
    return timeout < interval ? undefined : `Health check timeout '${timeout}' must be smaller than the interval '${interval}'`
  },
}

export const elb: ServiceRules = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    name: 'Name',
    replaces: ['Name', 'Scheme', 'Type'],
    create: [
      quota(
        'loadBalancers',
        'The maximum number of load balancers has been reached',
        'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html',
      ),
    ],
    valid: [shaped('Name', name, creation), twoZones, hasInternet, mayWriteLogs],
    remove: [unprotected],
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    replaces: ['LoadBalancerArn'],
    create: [
      oneOfAKind(
        ['LoadBalancerArn', 'Port'],
        ({ properties }) =>
          `A listener already exists on this port for this load balancer '${textAt(properties, 'LoadBalancerArn')}'`,
        creation,
      ),
    ],
    valid: [certificateIssued, certificateInRegion],
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': {
    replaces: ['ListenerArn'],
    create: [oneBalancer],
    valid: [
      listenerExists,
      priority,
      oneOfAKind(
        ['ListenerArn', 'Priority'],
        ({ properties }) => `Priority '${textAt(properties, 'Priority')}' is currently in use`,
        rules,
      ),
    ],
  },
  'AWS::ElasticLoadBalancingV2::ListenerCertificate': { replaces: ['ListenerArn'] },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    name: 'Name',
    replaces: ['IpAddressType', 'Name', 'Port', 'Protocol', 'ProtocolVersion', 'TargetType', 'VpcId'],
    valid: [shaped('Name', name, groups), checksInTime],
    remove: [
      notHeldBy(
        ['AWS::ElasticLoadBalancingV2::Listener', 'AWS::ElasticLoadBalancingV2::ListenerRule'],
        (id) => `Target group '${id}' is currently in use by a listener or a rule`,
        deleteGroup,
      ),
    ],
  },
}
