import type { Change, Cost, Input, Loss } from '../operations/stacks/index.ts'
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

const dollars = (amount: number): string => `$${amount.toFixed(2)}`

/** The monthly cost by part. */
export function costText({ lines, dollarsAMonth, egress, notCounted, source }: Cost): string {
  const width = Math.max(...lines.map(({ what }) => what.length), 0)
  const parts = lines.map(({ what, dollarsAMonth: each }) => `  ${what.padEnd(width)}  ${dollars(each).padStart(9)}`)
  const egressLine =
    egress === null || egress.taken === 'none'
      ? []
      : [`  Egress: endpoints ${dollars(egress.endpoints)}, NAT ${dollars(egress.nat)}; uses ${egress.taken}.`]
  return [
    `${styled('bold', `Fixed cost: ${dollars(dollarsAMonth)} per month`)} (${source})`,
    ...parts,
    ...egressLine,
    `  Not included: ${notCounted.join('; ')}.`,
  ].join('\n')
}
