import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { least, place } from '../stages.ts'

const image = (digit: string) => `${place.account}.dkr.ecr.${place.region}.amazonaws.com/apigw-prod@sha256:${digit.repeat(64)}`
const certificateArn = `arn:aws:acm:${place.region}:${place.account}:certificate/1`

/** Stages from which each setting is changed. Every value of a setting that `apigw.yaml` has is in one of them. */
export const bases: Readonly<Record<string, DeploySettings>> = {
  least,
  containers: {
    ...least,
    front: 'container',
    worker: 'container',
    image: image('0'),
    egress: 'endpoints',
    waf: 'block',
    secondCarrier: 'beta',
    charset: 'cp949',
  },
  medium: { ...least, size: 'medium', engine: 'postgres', egress: 'nat', detection: 'existing', monthlyBudget: 1_000 },
  mixed: {
    ...least,
    front: 'container',
    image: image('0'),
    egress: 'none',
    secondCarrier: 'beta',
    alertEmail: undefined,
    alerts: 'topic',
    certificateArn,
    hostedZoneId: undefined,
    parameters: { data: { DatabaseMultiAz: false } },
  },
}

/** One setting of a stage, changed. */
const changes: Readonly<Record<string, (base: DeploySettings) => DeploySettings>> = {
  'front: api-gateway': (base) => ({ ...base, front: 'api-gateway' }),
  'front: container': (base) => ({ ...base, front: 'container', image: image('0') }),
  'worker: lambda': (base) => ({ ...base, worker: 'lambda' }),
  'worker: container': (base) => ({ ...base, worker: 'container', image: image('0') }),
  'another image': (base) => ({ ...base, image: image('1') }),
  'engine: mariadb': (base) => ({ ...base, engine: 'mariadb' }),
  'engine: postgres': (base) => ({ ...base, engine: 'postgres' }),
  'size: small': (base) => ({ ...base, size: 'small' }),
  'size: medium': (base) => ({ ...base, size: 'medium' }),
  'size: large': (base) => ({ ...base, size: 'large' }),
  'egress: auto': (base) => ({ ...base, egress: 'auto' }),
  'egress: endpoints': (base) => ({ ...base, egress: 'endpoints' }),
  'egress: nat': (base) => ({ ...base, egress: 'nat' }),
  'egress: none': (base) => ({ ...base, egress: 'none' }),
  'two NAT gateways': (base) => ({ ...base, egress: 'nat', parameters: { ...base.parameters, network: { NatGateways: 2 } } }),
  'monthlyGigabytes: 1500': (base) => ({ ...base, monthlyGigabytes: 1_500 }),
  'waf: count': (base) => ({ ...base, waf: 'count' }),
  'waf: block': (base) => ({ ...base, waf: 'block' }),
  'another carrier': (base) => ({ ...base, carrier: 'gamma' }),
  'one carrier': (base) => ({ ...base, secondCarrier: undefined }),
  'two carriers': (base) => ({ ...base, secondCarrier: 'beta' }),
  'charset: euc-kr': (base) => ({ ...base, charset: 'euc-kr' }),
  'charset: cp949': (base) => ({ ...base, charset: 'cp949' }),
  'no email': (base) => ({ ...base, alertEmail: undefined, alerts: 'topic' }),
  'another email': (base) => ({ ...base, alerts: undefined, alertEmail: 'other@example.com' }),
  'detection: existing': (base) => ({ ...base, detection: 'existing' }),
  'detection: create': (base) => ({ ...base, detection: 'create' }),
  'another budget': (base) => ({ ...base, monthlyBudget: 2_000 }),
  'another domain': (base) => ({ ...base, domain: 'sms.example.com' }),
  'own certificate': (base) => ({ ...base, certificateArn, hostedZoneId: undefined }),
  'certificate of the zone': (base) => ({ ...base, certificateArn: undefined, hostedZoneId: 'Z123' }),
  'one zone for the database': (base) => ({ ...base, parameters: { ...base.parameters, data: { DatabaseMultiAz: false } } }),
  'two registry replicas': (base) => ({ ...base, parameters: { ...base.parameters, data: { RegistryReplicas: 2 } } }),
  'three registry shards': (base) => ({ ...base, parameters: { ...base.parameters, data: { RegistryShards: 3 } } }),
  'one endpoint zone': (base) => ({ ...base, endpointZones: 1 }),
  'one registry node': (base) => ({ ...base, registryNodes: 1 }),
  'another network': (base) => ({ ...base, parameters: { ...base.parameters, network: { Cidr: '10.50.0.0/16' } } }),
}

/** What a setting that is left out comes to. */
const defaults: DeploySettings = {
  front: 'api-gateway',
  worker: 'lambda',
  engine: 'mariadb',
  size: 'small',
  egress: 'auto',
  waf: 'count',
  carrier: 'carrier-a',
  charset: 'euc-kr',
  detection: 'create',
}

function effective(settings: DeploySettings): string {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return JSON.stringify(Object.entries({ ...defaults, ...Object.fromEntries(given) }).sort())
}

/** The changes that make a difference from a stage. */
export function changesFrom(base: DeploySettings): [name: string, settings: DeploySettings][] {
  return Object.entries(changes)
    .map(([name, change]): [string, DeploySettings] => [name, change(base)])
    .filter(([, settings]) => effective(settings) !== effective(base))
}
