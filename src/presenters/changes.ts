import type { RestoreSettings } from '../domain/stage.ts'
import type { Change, Cost, Input, Loss, StackDrift } from '../operations/stacks/index.ts'
import { count, plain, styled } from './output.ts'

const signs: Readonly<Record<Change['kind'], { sign: string; word: string; style: 'green' | 'yellow' | 'red' | 'cyan' }>> = {
  create: { sign: '+', word: 'create', style: 'green' },
  import: { sign: '=', word: 'import', style: 'cyan' },
  change: { sign: '~', word: 'change', style: 'cyan' },
  replace: { sign: '!', word: 'replace', style: 'yellow' },
  delete: { sign: '-', word: 'delete', style: 'red' },
}

const losses: Readonly<Record<Loss, string>> = {
  lost: 'DATA LOSS',
  snapshot: 'DATA LOSS: only a final snapshot is kept',
  kept: 'data is retained outside the stack',
}

/** Whether the changes would remove a resource with data from a stack. */
export function losesData(changes: readonly Change[]): boolean {
  return changes.some(({ loss }) => loss !== null)
}

function changeLine({ kind, id, type, perhaps, why, loss }: Change): string {
  const { sign, word, style } = signs[kind]
  const reasons = why.length === 0 || kind === 'create' ? '' : `  (${why.join(', ')})`
  const words = `${sign} ${perhaps ? `may ${word}` : word}`
  const line = plain(`${words.padEnd(17)} ${id}  ${type}${reasons}`)
  const lossText = loss === null ? '' : `  ${styled(['red', 'bold'], losses[loss])}`
  return `  ${styled(loss === null ? style : 'red', line)}${lossText}`
}

function totals(changes: readonly Change[]): string {
  const kinds = Object.keys(signs) as Change['kind'][]
  const parts = kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind).length
    return some === 0 ? [] : [`${count(some)} to ${signs[kind].word}`]
  })
  return parts.join(', ')
}

/** A stack's changes with their totals. The worst come last, where they stay on the screen. */
export function changesText(name: string, remark: string, changes: readonly Change[]): string {
  const order = Object.keys(signs)
  const rank = ({ kind, loss }: Change): number => order.indexOf(kind) + (loss === null ? 0 : order.length)
  const sorted = changes.toSorted((one, other) => rank(one) - rank(other))
  const head = [styled('bold', name), remark, totals(changes)].filter(Boolean).join('  ')
  return [head, ...sorted.map(changeLine)].join('\n')
}

/** The parameters of a stack that are known only after earlier stacks are deployed; one line per stack. */
export function unknownText(unknown: readonly Input[]): string {
  const lines = [...Map.groupBy(unknown, ({ from }) => from)].map(
    ([from, inputs]) => `  ? ${inputs.map(({ parameter }) => parameter).join(', ')}: known after ${from} is deployed`,
  )
  return lines.join('\n')
}

const differences: Readonly<Record<string, string>> = { ADD: 'added', REMOVE: 'removed', NOT_EQUAL: 'changed' }

/** The values of a drifted property on one line. */
const maxShown = 120

function driftValue(value: string | null): string {
  if (value === null) return '(not shown)'
  const text = plain(value)
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
}

/** The resources of a stack that were changed outside CloudFormation. */
export function driftText(name: string, { resources }: StackDrift): string {
  const lines = resources.flatMap(({ id, type, status, properties }) => [
    `  ${styled('yellow', plain(`* ${status === 'DELETED' ? 'deleted' : 'changed'} outside CloudFormation ${id}  ${type}`))}`,
    ...properties.map(({ path, difference, expected, actual }) =>
      plain(`      ${path} ${differences[difference] ?? difference}: ${driftValue(expected)} -> ${driftValue(actual)}`),
    ),
  ])
  return [styled('bold', `${name}  ${count(resources.length)} drifted`), ...lines].join('\n')
}

/** The settings with which a new deployment takes over what was retained, as they are written into apigw.yaml. */
export function restoreText(restore: RestoreSettings, region: string): string {
  const lines = Object.entries(restore).map(([setting, value]) => `        ${setting}: ${value}`)
  return [
    'To deploy the stage again with its data, add these settings to it in apigw.yaml. Queues are found by their names.',
    '    deploy:',
    '      restore:',
    ...lines,
    '        database: SNAPSHOT    # the newest of: ' +
      `aws rds describe-db-snapshots --region ${region} --snapshot-type manual --query "DBSnapshots[].[SnapshotCreateTime,DBSnapshotIdentifier]" --output text`,
    '        registry: SNAPSHOT    # the newest of: ' +
      `aws elasticache describe-snapshots --region ${region} --query "Snapshots[].[SnapshotName]" --output text`,
  ].join('\n')
}

const dollars = (amount: number): string => `$${amount.toFixed(2)}`

function priceOf(amount: number | null): string {
  return amount === null ? 'price unknown' : dollars(amount)
}

/** A price of usage may be far below a cent. */
function usageText({ what, unit, dollars: price }: Cost['usage'][number]): string {
  return price === null ? `${what} (price unknown)` : `${what} $${price} per ${unit}`
}

/** The monthly cost by part. */
function registryLines(registry: Cost['registry']): string[] {
  if (registry === null) return []
  const { dollarsAMillionCalls, redisIsCheaperAbove } = registry
  const above =
    redisIsCheaperAbove === null
      ? ''
      : ` Above ${(redisIsCheaperAbove / 1_000_000).toFixed(1)} million calls a month, two small nodes of Redis cost less.`
  return [`  Registry in DynamoDB: at most ${priceOf(dollarsAMillionCalls)} per million calls.${above}`]
}

export function costText({ lines, dollarsAMonth, atLeast, egress, registry, usage, source }: Cost): string {
  const width = Math.max(...lines.map(({ what }) => what.length), 0)
  const parts = lines.map(({ what, dollarsAMonth: each }) => `  ${what.padEnd(width)}  ${priceOf(each).padStart(13)}`)
  const egressLine =
    egress === null || egress.taken === 'none'
      ? []
      : [`  Egress: endpoints ${priceOf(egress.endpoints)}, NAT ${priceOf(egress.nat)}; uses ${egress.taken}.`]
  const sum = `Fixed cost: ${atLeast ? 'at least ' : ''}${dollars(dollarsAMonth)} per month`
  return [
    `${styled('bold', sum)} (${source}; free tiers are not subtracted)`,
    ...parts,
    ...egressLine,
    ...registryLines(registry),
    `  Not included, because it depends on traffic: ${usage.map(usageText).join('; ')}.`,
    '  Not included, because no stack of the stage makes it: the trail, the hosted zone of the domain, taxes.',
  ].join('\n')
}
