import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base.ts'
import {
  type Balance,
  type DatabaseKind,
  databases,
  faultList,
  type Proof,
  type ProveEvent,
  prove,
  type RegistryKind,
  registries,
  type Wrong,
} from '../dev/prove/index.ts'
import { Problem } from '../domain/problem.ts'
import { quantity } from '../domain/quantity.ts'
import { count, facts, plain, styled, table } from '../presenters/output.ts'

/**
 * The engine that a flag names. Other commands read an address from the same variable, so an address is accepted too, and
 * only its engine is used.
 * @throws Problem `usage`
 */
function engineOf<T extends string>(flag: string, value: string | undefined, names: readonly T[], schemes: readonly Scheme<T>[]) {
  if (value === undefined || value === '') return undefined
  const scheme = schemes.find(([pattern]) => pattern.test(value))
  const found = names.find((name) => name === value)
  if (found !== undefined || scheme !== undefined) return found ?? scheme?.[1]
  throw new Problem('usage', `--${flag} is "${value.replace(/:.*/s, ':…')}", which is not a supported engine.`, {
    next: `use --${flag} ${names.join(' or ')}`,
  })
}

type Scheme<T> = readonly [RegExp, T | undefined]

const databaseSchemes: readonly Scheme<DatabaseKind>[] = [
  [/^(?:mysql|mariadb):/, 'mariadb'],
  [/^postgres(?:ql)?:/, 'postgres'],
  [/^sqlite:/, 'sqlite'],
]
const registrySchemes: readonly Scheme<RegistryKind>[] = [
  [/^rediss?:.*cluster=true/, 'cluster'],
  [/^rediss?:/, 'redis'],
  [/^sqlite:/, 'sqlite'],
  [/^dynamodb:/, 'dynamodb'],
  // A function does not show the engine of its registry.
  [/^lambda:/, undefined],
]

export default class Prove extends BaseCommand {
  static override summary = 'inject faults while sending, then reconcile every message'
  static override description =
    `Starts its own gateways, workers, queue, registry, database and ledger in a temporary folder, on local ports only. Kills, freezes and disconnects them one after another while it sends messages, then reconciles accepted messages with rows, reports and units. Exits with 1 if anything does not match.

Fault names for --faults:
${faultList.map(({ name, title }) => `  ${name.padEnd(24)}${title}`).join('\n')}`
  static override examples = [
    '<%= config.bin %> prove',
    '<%= config.bin %> prove --database postgres --registry cluster --messages 20000',
    '<%= config.bin %> prove --faults database-half-open,worker-kill --rounds 10 --seed 7',
    '<%= config.bin %> prove --json | jq -c .',
  ]
  static override baseFlags = {
    config: BaseCommand.baseFlags.config,
    stage: BaseCommand.baseFlags.stage,
  } as typeof BaseCommand.baseFlags
  static override flags = {
    database: Flags.string({
      env: 'APIGW_DATABASE',
      helpValue: databases.join('|'),
      summary: 'database engine; of an address, only the engine is used (default: the first of these that is installed)',
    }),
    registry: Flags.string({
      env: 'APIGW_REGISTRY',
      helpValue: registries.join('|'),
      summary: 'registry engine; cluster: a six-node Redis Cluster (default: redis if it is installed, else sqlite)',
    }),
    faults: Flags.string({
      env: 'APIGW_FAULTS',
      helpValue: 'NAME,NAME',
      summary: 'faults to inject (default: all that the engines support)',
    }),
    messages: Flags.integer({
      default: 2_000,
      min: 1,
      max: 1_000_000,
      env: 'APIGW_MESSAGES',
      summary: 'number of messages to send',
    }),
    rate: Flags.integer({ default: 500, min: 1, max: 100_000, env: 'APIGW_RATE', summary: 'messages per second' }),
    rounds: Flags.integer({
      min: 1,
      max: 10_000,
      env: 'APIGW_ROUNDS',
      summary: 'number of faults to inject (default: each once)',
    }),
    seed: Flags.integer({
      min: 0,
      env: 'APIGW_SEED',
      summary: 'seed for the order of faults (default: random)',
    }),
    keep: Flags.boolean({ env: 'APIGW_KEEP', summary: 'keep the folder with logs and data' }),
  }

  async run(): Promise<Proof> {
    const { flags } = await this.parse(Prove)
    const stopping = new AbortController()
    const stop = (): void => {
      if (stopping.signal.aborted) process.exit(130)
      this.note('Stopping. Press Ctrl-C again to exit at once.')
      stopping.abort()
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)
    try {
      const proof = await prove({
        ...flags,
        database: engineOf('database', flags.database, databases, databaseSchemes),
        registry: engineOf('registry', flags.registry, registries, registrySchemes),
        faults: flags.faults?.split(',').map((name) => name.trim()),
        seed: flags.seed ?? Math.floor(Math.random() * 1_000_000),
        report: (event) => this.#report(event),
        signal: stopping.signal,
      })
      this.log(resultText(proof))
      if (!proof.ok) process.exitCode = 1
      return proof
    } finally {
      for (const signal of signals) process.removeListener(signal, stop)
    }
  }

  /** With --json, each event is printed to stdout as one line, and the result is the last line. */
  #report(event: ProveEvent): void {
    if (this.jsonEnabled()) this.logJson(event)
    else this.note(eventText(event))
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`)
  }
}

function eventText(event: ProveEvent): string {
  const stream = process.stderr
  switch (event.event) {
    case 'started':
      return `${event.registry}, ${event.database}: ${quantity(event.rounds, 'fault')}, seed ${event.seed}. Data and logs: ${event.folder}`
    case 'fault': {
      const { recoverySeconds } = event
      const end =
        recoverySeconds === null
          ? styled('red', 'not everything was written within two minutes', stream)
          : styled('green', `everything was written after ${recoverySeconds} s`, stream)
      return `${String(event.round).padStart(3)}  ${event.title}: ${plain(event.detail)}  ${styled('dim', `${event.seconds} s`, stream)}  ${end}`
    }
    case 'settling':
      return `All faults injected; ${quantity(event.accepted, 'message')} accepted. Waiting for the last rows, reports and units …`
  }
}

function booksTable(books: readonly Balance[]): string {
  const head = [
    'customer',
    'day',
    'accepted',
    'delivered',
    'failed',
    'expired',
    'rejected',
    'cancelled',
    'open',
    'units',
    'unconfirmed, sent',
  ]
  const rows = books.map(({ customer, day, accepted, outcomes, open, units, unitsExpected: [least, most], unconfirmed }) => {
    const { delivered, failed, expired, rejected, cancelled } = outcomes
    const figures = [accepted, delivered, failed, expired, rejected, cancelled, open].map(count)
    const expected = least === most ? '' : ` (${count(least)} to ${count(most)})`
    return [customer, day, ...figures, `${count(units)}${expected}`, count(unconfirmed)]
  })
  return table(head, rows)
}

const idsInLine = 4

function wrongText({ what, count: times, ids }: Wrong): string {
  const short = ids.every((id) => id.length <= 30 && !id.includes(' '))
  const shown = [...ids.map(plain), ...(times > ids.length && ids.length > 0 ? ['…'] : [])]
  const lines: string[] = []
  for (let at = 0; at < shown.length; at += short ? idsInLine : 1) {
    lines.push(`\n    ${shown.slice(at, at + (short ? idsInLine : 1)).join('  ')}`)
  }
  return `${styled('red', '✗')} ${count(times)} ${what}${lines.join('')}`
}

function resultText(proof: Proof): string {
  const verdict = (bad: number): string => styled(bad === 0 ? 'green' : 'red', count(bad))
  const figures = facts([
    ['registry, database', `${proof.registry}, ${proof.database}`],
    ['faults', count(Object.values(proof.faults).reduce((sum, times) => sum + times, 0))],
    ['slowest recovery', `${proof.slowestRecoverySeconds} s`],
    ['calls', `${count(proof.calls)}, of which ${quantity(proof.retried, 'retry', 'retries')}`],
    ['accepted', count(proof.accepted)],
    ['lost', verdict(proof.lost)],
    ['duplicated', verdict(proof.duplicated)],
    ['oversold', verdict(proof.oversold)],
  ])
  const end = proof.ok
    ? [`${styled('green', '✓')} All messages are accounted for.`]
    : [...proof.wrong.map(wrongText), `Run it again: apigw prove --seed ${proof.seed} --keep`]
  return [booksTable(proof.books), '', figures, '', ...end].join('\n')
}
