import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programPath, programs } from '../../servers/index.ts'
import { Authority } from '../aws/authority.ts'
import type { Incoming } from '../aws/identify.ts'
import { Secrets } from '../aws/secrets.ts'
import { type AwsCaller, AwsServer } from '../aws/server.ts'
import {
  type Answer,
  emulated,
  functionCalls,
  ipSets,
  networkInterfaces,
  objectStore,
  queues,
  type Service,
  secretsManager,
} from '../aws/services.ts'
import { AccessEvaluator, type Sender } from '../rights/access.ts'
import { rightsOf } from '../rights/rights.ts'
import { startDatabase, type TokenDatabase } from '../servers/database.ts'
import { type KnownKeys, refusalOf, type TokenRules } from '../servers/login/token.ts'
import { type NamedServer, startRegistry } from '../servers/registry.ts'
import { digits } from '../template/identities.ts'
import type { Place, Resource } from '../template/resource.ts'
import { type Emulators, startEmulators } from './emulators.ts'
import type { Findings } from './findings.ts'
import { Ways } from './ways.ts'

export interface WorkshopOptions {
  readonly all: readonly Resource[]
  readonly place: Place
  /** The caller empties it. */
  readonly folder: string
  readonly findings: Findings
  /** Answers what no key signs. */
  readonly unsigned: (incoming: Incoming) => Promise<Answer | undefined>
  /** Slack, and other hosts of the internet, by name. */
  readonly hosts: Readonly<Record<string, Service>>
  /** Invokes a function for a caller that may. @throws Error the function's own */
  readonly invoke: (functionArn: string, event: unknown) => Promise<unknown>
}

/** Keys for a workload, as the role's temporary credentials. */
export interface TemporaryKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** Everything that stands around the code of a stage: servers, emulators, policies and the network. */
export interface Workshop {
  readonly place: Place
  readonly access: AccessEvaluator
  readonly ways: Ways
  readonly secrets: Secrets
  readonly servers: readonly NamedServer[]
  readonly emulators: Emulators
  readonly awsPort: number
  readonly certificates: { readonly amazon: string; readonly both: string }
  /** TLS of the balancer and of AWS. */
  readonly authorityFile: string
  /** Makes temporary keys under which the requests of a workload are evaluated. */
  keysFor(name: string, caller: (service: string) => Sender): TemporaryKeys
  stop(): Promise<void>
}

/** An address in the private subnets for a network interface. */
function interfaceAddress(id: string): string {
  const bytes = Number.parseInt(digits(id).slice(0, 3), 16)
  return `10.40.${32 + (bytes >> 8)}.${bytes & 255 || 1}`
}

function ofType(all: readonly Resource[], type: string): Resource {
  const found = all.find((one) => one.type === type)
  if (found === undefined) throw new Error(`no stack makes a ${type}`)
  return found
}

/** Keys of workloads, by their access key. */
type Keys = Map<string, TemporaryKeys & { readonly caller: AwsCaller }>

/** Starts what a stage needs around its code. @throws Problem `check-failed` if a program is not installed */
export async function openWorkshop(options: WorkshopOptions): Promise<Workshop> {
  const { all, place, folder, findings } = options
  const openssl = programPath(programs.openssl)
  const [amazon, rds] = await Promise.all([Authority.create(openssl, folder, 'amazon'), Authority.create(openssl, folder, 'rds')])
  const both = join(folder, 'both.pem')
  writeFileSync(both, readFileSync(amazon.certFile, 'utf8') + readFileSync(rds.certFile, 'utf8'))
  const secrets = new Secrets(all)
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(stops.splice(0).map((one) => one()))
  }
  try {
    const emulators = await startEmulators(all, folder)
    stops.push(() => emulators.stop())
    const access = new AccessEvaluator(rightsOf(all), place)
    const keys: Keys = new Map()
    const nodes = all.filter(({ type }) => type === 'AWS::ElastiCache::ReplicationGroup')
    const admits = admitting({ keys, access, place, findings })
    const starting = await Promise.allSettled([
      ...nodes.map((one) => startRegistry(one, { folder, authority: amazon, secrets })),
      startDatabase(ofType(all, 'AWS::RDS::DBInstance'), { folder, authority: rds, secrets, all, admits }),
    ])
    const servers = starting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    stops.push(...servers.map((server) => () => server.stop()))
    const failed = starting.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const aws = await AwsServer.start({
      place,
      access,
      certificate: await amazon.issue([
        `*.${place.region}.amazonaws.com`,
        `*.s3.${place.region}.amazonaws.com`,
        'hooks.slack.com',
      ]),
      services: { ...servicesOf(emulators, secrets, place), lambda: functionCalls((...call) => options.invoke(...call)) },
      hosts: options.hosts,
      unsigned: options.unsigned,
      onDenied: ({ caller, action, resource, reason }) => findings.add(caller, `AWS denies ${action} on ${resource}: ${reason}`),
    })
    stops.push(() => aws.stop())
    return {
      place,
      access,
      ways: new Ways(all, place),
      secrets,
      servers,
      emulators,
      awsPort: aws.port,
      certificates: { amazon: amazon.certFile, both },
      authorityFile: amazon.certFile,
      keysFor: (name, sender) => admitted(aws, keys, { name, sender }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function servicesOf(emulators: Emulators, secrets: Secrets, place: Place): Readonly<Record<string, Service>> {
  return {
    sqs: queues(emulators.sqs, place),
    s3: objectStore(emulators.sqs),
    dynamodb: emulated(emulators.dynamodb),
    secretsmanager: secretsManager(secrets),
    ec2: networkInterfaces(interfaceAddress),
    wafv2: ipSets(place),
  }
}

/** Decides on tokens for the database by the keys of workloads and their policies. */
function admitting({
  keys,
  access,
  place,
  findings,
}: {
  readonly keys: Keys
  readonly access: AccessEvaluator
  readonly place: Place
  readonly findings: Findings
}): (token: string, user: string, database: TokenDatabase) => boolean {
  const known = (id: string): KnownKeys | undefined => {
    const found = keys.get(id)
    return found && { ...found, name: found.caller.name, sender: found.caller.sender('rds-db') }
  }
  return (token, user, database) => {
    const evaluate: TokenRules['evaluate'] = (sender, request) => access.evaluate(sender, request)
    const refused = refusalOf(token, user, { ...database, ...place, keys: known, evaluate })
    if (refused !== undefined) findings.add(refused.by ?? database.host, refused.reason)
    return refused === undefined
  }
}

function admitted(aws: AwsServer, keys: Keys, caller: AwsCaller): TemporaryKeys {
  const accessKeyId = `ASIA${digits(caller.name).slice(0, 16).toUpperCase()}`
  aws.admit(accessKeyId, caller)
  const [secretAccessKey, sessionToken] = [randomBytes(30).toString('base64'), randomBytes(60).toString('base64')]
  keys.set(accessKeyId, { accessKeyId, secretAccessKey, sessionToken, caller })
  return { accessKeyId, secretAccessKey, sessionToken }
}
