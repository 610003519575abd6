import { isMap, type Json } from '../../../../operations/cloudformation/index.ts'
import { at, listAt, notHeldBy, oneOfAKind, type Rule, type ServiceRules, textAt } from './rule.ts'

const deployments = 'https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html'
const privateApis = 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-apis.html'
const quotas = 'https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html'
const accessLogs = 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html'

const hasMethods: Rule = {
  source: deployments,
  refuse: ({ properties }, { inventory }) => {
    const api = textAt(properties, 'RestApiId')
    const body = at(inventory.find('AWS::ApiGateway::RestApi', api)?.properties ?? {}, 'Body.paths')
    const inBody = isMap(body) && Object.keys(body).length > 0
    const beside = inventory.of('AWS::ApiGateway::Method').some((one) => textAt(one.properties, 'RestApiId') === api)
    return inBody || beside ? undefined : "The REST API doesn't contain any methods"
  },
}

const privateHasPolicy: Rule = {
  source: privateApis,
  refuse: ({ properties }) =>
    listAt(properties, 'EndpointConfiguration.Types').includes('PRIVATE') && at(properties, 'Policy') === undefined
      ? "Private REST API doesn't have a resource policy attached to it"
      : undefined,
}

const endpointsExist: Rule = {
  source: privateApis,
  refuse: ({ properties }, { inventory }) => {
    const gone = listAt(properties, 'EndpointConfiguration.VpcEndpointIds').find(
      (id) => inventory.find('AWS::EC2::VPCEndpoint', String(id)) === undefined,
    )
    return gone === undefined ? undefined : `VPC endpoint ${String(gone)} does not exist`
  },
}

const domains = 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-regional-api-custom-domain-create.html'
const mappings = 'https://docs.aws.amazon.com/apigateway/latest/api/API_CreateBasePathMapping.html'

const regionalCertificate: Rule = {
  source: domains,
  refuse: ({ properties }, { inventory, facts, region }) => {
    const arn = textAt(properties, 'RegionalCertificateArn')
    if (arn.split(':')[3] !== region) return `Invalid certificate ARN: ${arn}. Certificate must be in '${region}'.`
    const isOurs = inventory.find('AWS::CertificateManager::Certificate', arn) !== undefined
    const status = isOurs || facts.certificates === undefined ? 'ISSUED' : facts.certificates.get(arn)
    return status === 'ISSUED'
      ? undefined
      : `The provided certificate ${arn} does not exist or is not issued: ${status ?? 'unknown'}`
  },
}

/** A private API has no public domain. */
const mapsPublicApi: Rule = {
  source: mappings,
  refuse: ({ properties }, { inventory }) => {
    const name = textAt(properties, 'DomainName')
    if (inventory.find('AWS::ApiGateway::DomainName', name) === undefined)
      return `Invalid domain name identifier specified: ${name}`
    const api = inventory.find('AWS::ApiGateway::RestApi', textAt(properties, 'RestApiId'))
    return listAt(api?.properties ?? {}, 'EndpointConfiguration.Types').includes('PRIVATE')
      ? 'A private API cannot be mapped to a domain name of the region'
      : undefined
  },
}

function timeoutsIn(value: Json | undefined): number[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, of]: [string, Json]) =>
    name === 'timeoutInMillis' ? [Number(of)] : timeoutsIn(of),
  )
}

/** Milliseconds for a private or regional API without an increase. */
const timeouts: Rule = {
  source: quotas,
  refuse: ({ properties }) => {
    const wrong = timeoutsIn(properties.Body).find((ms) => ms < 50 || ms > 29_000)
    return wrong === undefined ? undefined : 'Timeout should be between 50 ms and 29000 ms'
  },
}

const notDeployed: Rule = {
  source: 'https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteDeployment.html',
  refuse: ({ id, properties }, { inventory }) => {
    const api = textAt(properties, 'RestApiId')
    const stage = inventory
      .of('AWS::ApiGateway::Stage')
      .find((one) => textAt(one.properties, 'DeploymentId') === id && textAt(one.properties, 'RestApiId') === api)
    return stage && 'Active stages pointing to this deployment must be moved or deleted'
  },
}

const logStream: Rule = {
  source: accessLogs,
  refuse: ({ properties }) => {
    const [, name] =
      /^arn:aws:firehose:.*:deliverystream\/(.*)$/.exec(textAt(properties, 'AccessLogSetting.DestinationArn')) ?? []
    return name === undefined || name.startsWith('amazon-apigateway-')
      ? undefined
      : "Access log destination must be a delivery stream whose name starts with 'amazon-apigateway-'"
  },
}

export const apiGateway: ServiceRules = {
  'AWS::ApiGateway::RestApi': { replaces: [], valid: [privateHasPolicy, endpointsExist, timeouts] },
  'AWS::ApiGateway::Deployment': {
    replaces: ['DeploymentCanarySettings', 'RestApiId'],
    create: [hasMethods],
    remove: [notDeployed],
  },
  'AWS::ApiGateway::Stage': {
    replaces: ['RestApiId', 'StageName'],
    create: [oneOfAKind(['RestApiId', 'StageName'], () => 'Stage already exists', deployments)],
    valid: [logStream],
  },
  'AWS::ApiGateway::DomainName': {
    name: 'DomainName',
    replaces: ['DomainName'],
    valid: [regionalCertificate],
    remove: [
      notHeldBy(
        ['AWS::ApiGateway::BasePathMapping'],
        (id) => `The domain name ${id} has base path mappings. Delete them first.`,
        domains,
      ),
    ],
  },
  'AWS::ApiGateway::BasePathMapping': {
    replaces: ['BasePath', 'DomainName'],
    create: [
      oneOfAKind(['DomainName', 'BasePath'], () => 'Base path already exists for this domain name', mappings),
      mapsPublicApi,
    ],
  },
  'AWS::ApiGateway::Account': { replaces: [] },
}
