/** What cannot be done, by the reason. */
export type Failures = Readonly<Record<string, readonly string[]>>

interface KnownChanges {
  /** Changes that fail. */
  readonly changed: Failures
  /** Changes whose return to the earlier setting fails. */
  readonly back: Failures
  /** Data stores that a change deletes, or leaves outside the stacks. */
  readonly losses: Readonly<Record<string, readonly string[]>>
}

/** An earlier change left the queue outside the stack, and a name in the template cannot take back another queue. */
const carrierTaken =
  'apigw-prod-data cannot take back the queue apigw-prod-carrier-a: an earlier change left it outside the stack, perhaps with accepted messages.'
/** Storage of RDS only grows. */
const shrinks = (from: number, to: number) =>
  `DatabaseGigabytes of data cannot shrink from ${from} to ${to}: RDS only adds storage.`
const otherEngine = (from: string, to: string) =>
  `DatabaseEngine of data cannot change from ${from} to ${to}: CloudFormation would create an empty database and leave the old one, with its rows, outside the stack.`

/** The command line refuses all of them before anything changes. */
const everyChange: Failures = {
  'Cidr of network cannot change from 10.40.0.0/16 to 10.50.0.0/16: other address ranges are another network, and everything stands in the old one.':
    ['another network'],
  'RegistryReplicas of data cannot change from 1 to 2: CloudFormation would replace the registry with an empty one, without customers, keys and quotas.':
    ['two registry replicas'],
  'RegistryReplicas of data cannot change from 1 to 0: CloudFormation would replace the registry with an empty one, without customers, keys and quotas.':
    ['one registry node'],
}
const toPostgres: Failures = { [otherEngine('mariadb', 'postgres')]: ['engine: postgres'] }

export const knownCreations: Failures = {}

type Losses = KnownChanges['losses']

/** Queues are retained. */
const queues = (...ids: string[]) => ids.map((id) => `AWS::SQS::Queue ${id}: outside the stacks`)
const everywhere: Losses = { 'another carrier': queues('CarrierDeadLetters', 'CarrierQueue') }
const oneCarrier: Losses = { 'one carrier': queues('SecondCarrierDeadLetters', 'SecondCarrierQueue') }
const noDetection: Losses = { 'detection: existing': queues('UndeliveredFindings') }
const noFunctions: Losses = { 'worker: container': queues('UnstartedReports') }

const growsFromSmall: Failures = { [shrinks(100, 20)]: ['size: medium'], [shrinks(500, 20)]: ['size: large'] }
const carrierBack: Failures = { [carrierTaken]: ['another carrier'] }

export const knownChanges: Readonly<Record<string, KnownChanges>> = {
  least: {
    changed: { ...everyChange, ...toPostgres },
    back: { ...carrierBack, ...growsFromSmall },
    losses: { ...everywhere, ...noDetection, ...noFunctions },
  },
  containers: {
    changed: { ...everyChange, ...toPostgres },
    back: { ...carrierBack, ...growsFromSmall },
    losses: { ...everywhere, ...oneCarrier, ...noDetection },
  },
  medium: {
    changed: { ...everyChange, [otherEngine('postgres', 'mariadb')]: ['engine: mariadb'], [shrinks(100, 20)]: ['size: small'] },
    back: { ...carrierBack, [shrinks(500, 100)]: ['size: large'] },
    losses: { ...everywhere, ...noFunctions },
  },
  mixed: {
    changed: { ...everyChange, ...toPostgres },
    back: { ...carrierBack, ...growsFromSmall },
    losses: { ...everywhere, ...oneCarrier, ...noDetection, ...noFunctions },
  },
}

/** Another deployment after a stage was destroyed. */
export const knownRoundTrips: Readonly<Record<string, Failures>> = {}
