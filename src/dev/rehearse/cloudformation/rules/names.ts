import { mapsAt, notHeldBy, type Rule, type ServiceRules, textAt } from './rule.ts'

const zones = 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html'
const validation =
  'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html'
const certificates = 'https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html'
const deletion = 'https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html'

function zoneRefusal(id: string, name: string, known: ReadonlyMap<string, string> | undefined): string | undefined {
  if (known === undefined || id === '') return undefined
  const domain = known.get(id)
  if (domain === undefined) return `No hosted zone found with ID: ${id}`
  return name === domain || name.endsWith(`.${domain}`)
    ? undefined
    : `RRSet with DNS name ${name}. is not permitted in zone ${domain}.`
}

const inZone: Rule = {
  source: zones,
  refuse: ({ properties }, { facts }) =>
    zoneRefusal(textAt(properties, 'HostedZoneId'), textAt(properties, 'Name'), facts.hostedZones),
}

const recordFree: Rule = {
  source: zones,
  refuse: ({ id, properties }, { inventory }) => {
    const key = (of: typeof properties): string =>
      ['HostedZoneId', 'Name', 'Type', 'SetIdentifier'].map((name) => textAt(of, name)).join(' ')
    const other = inventory.of('AWS::Route53::RecordSet').some((one) => one.id !== id && key(one.properties) === key(properties))
    return other
      ? `Tried to create resource record set [name='${textAt(properties, 'Name')}.', type='${textAt(properties, 'Type')}'] but it already exists`
      : undefined
  },
}

/** A certificate is complete when ACM finds its record, which CloudFormation writes only into the zone that the template gives. */
const canBeProved: Rule = {
  source: validation,
  refuse: ({ properties }, { facts }) => {
    const name = textAt(properties, 'DomainName')
    if (name.length > 64) return `The certificate's domain name is longer than 64 characters: ${name}`
    if (textAt(properties, 'ValidationMethod') !== 'DNS') return undefined
    const option = mapsAt(properties, 'DomainValidationOptions').find((one) => textAt(one, 'DomainName') === name)
    const zone = textAt(option ?? {}, 'HostedZoneId')
    return zone === ''
      ? 'The certificate waits for DNS validation, and no hosted zone is given.'
      : zoneRefusal(zone, name, facts.hostedZones)
  },
}

export const names: ServiceRules = {
  'AWS::Route53::RecordSet': { replaces: ['HostedZoneId', 'HostedZoneName', 'Name'], valid: [inZone], create: [recordFree] },
  'AWS::Route53::HealthCheck': {
    replaces: ['HealthCheckConfig.MeasureLatency', 'HealthCheckConfig.RequestInterval', 'HealthCheckConfig.Type'],
  },
  'AWS::CertificateManager::Certificate': {
    replaces: [
      'CertificateAuthorityArn',
      'DomainName',
      'DomainValidationOptions',
      'KeyAlgorithm',
      'SubjectAlternativeNames',
      'ValidationMethod',
    ],
    valid: [{ source: certificates, refuse: canBeProved.refuse }],
    remove: [notHeldBy(['AWS::ElasticLoadBalancingV2::Listener'], (id) => `Certificate ${id} is in use.`, deletion)],
  },
}
