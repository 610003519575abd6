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

const queueName = (name: string) => `https://sqs.ap-northeast-2.amazonaws.com/123456789012/apigw-prod-${name}`
const taken = (id: string, name: string) =>
  `${id}: Resource of type 'AWS::SQS::Queue' with identifier '${queueName(name)}' already exists.`

/** A queue is retained, because accepted messages may be in it, and keeps its name. */
const carrierTaken = taken('CarrierDeadLetters', 'carrier-a-dlq')
const secondCarrierTaken = taken('SecondCarrierDeadLetters', 'beta-dlq')
/** A notification of a budget cannot change: the budget is replaced, and its name is taken by the old one. */
const budgetExists = 'Budget: Error creating budget: apigw-prod - the budget already exists.'
/** Storage of RDS only grows. */
const shrinks = (from: number, to: number) =>
  `Database: Requested storage size (${to}) cannot be less than the current storage size (${from}).`
/** The command line refuses it before anything changes. */
const otherNetwork: Failures = {
  'Cidr of network cannot change from 10.40.0.0/16 to 10.50.0.0/16: other address ranges are another network, and everything stands in the old one.':
    ['another network'],
}

export const knownCreations: Failures = {}

type Losses = KnownChanges['losses']

/** Queues are retained. */
const queues = (...ids: string[]) => ids.map((id) => `AWS::SQS::Queue ${id}: outside the stacks`)
/** The old database is protected, so it stays, is paid for, and has the only copy of its rows. */
const engine = ['AWS::RDS::DBInstance Database: outside the stacks']
const everywhere: Losses = {
  'another carrier': queues('CarrierDeadLetters', 'CarrierQueue'),
  // ReplicasPerNodeGroup replaces the registry: customers, keys and quotas are in its last snapshot only.
  'two registry replicas': ['AWS::ElastiCache::ReplicationGroup Registry: deleted'],
}
const oneCarrier: Losses = { 'one carrier': queues('SecondCarrierDeadLetters', 'SecondCarrierQueue') }
const noDetection: Losses = { 'detection: existing': queues('UndeliveredFindings') }
const noFunctions: Losses = { 'worker: container': queues('UnstartedReports') }

const growsFromSmall: Failures = { [shrinks(100, 20)]: ['size: medium'], [shrinks(500, 20)]: ['size: large'] }
const bothEmails: Failures = { [budgetExists]: ['no email', 'another email'] }
const carrierBack: Failures = { [carrierTaken]: ['another carrier'] }
const carriersBack: Failures = { ...carrierBack, [secondCarrierTaken]: ['one carrier'] }

export const knownChanges: Readonly<Record<string, KnownChanges>> = {
  least: {
    changed: { ...bothEmails, ...otherNetwork },
    back: { ...carrierBack, ...growsFromSmall },
    losses: { ...everywhere, ...noDetection, ...noFunctions, 'engine: postgres': engine },
  },
  containers: {
    changed: { ...bothEmails, ...otherNetwork },
    back: { ...carriersBack, ...growsFromSmall },
    losses: { ...everywhere, ...oneCarrier, ...noDetection, 'engine: postgres': engine },
  },
  medium: {
    changed: { ...bothEmails, ...otherNetwork, [shrinks(100, 20)]: ['size: small'] },
    back: { ...carrierBack, [shrinks(500, 100)]: ['size: large'] },
    losses: { ...everywhere, ...noFunctions, 'engine: mariadb': engine },
  },
  mixed: {
    changed: { [budgetExists]: ['another email'], ...otherNetwork },
    back: { ...carriersBack, ...growsFromSmall },
    losses: { ...everywhere, ...oneCarrier, ...noDetection, ...noFunctions, 'engine: postgres': engine },
  },
}

/** Another deployment after a stage was destroyed. */
const again: Failures = { [carrierTaken]: ['deploy again'] }

export const knownRoundTrips: Readonly<Record<string, Failures>> = {
  least: again,
  containers: again,
  medium: again,
  mixed: again,
}
