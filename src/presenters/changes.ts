import { count, plain, styled } from '../cli/output.ts'
import type { Change, Cost, Loss } from '../operations/stacks/index.ts'

const signs: Readonly<Record<Change['kind'], { sign: string; word: string; style: 'green' | 'yellow' | 'red' | 'cyan' }>> = {
  create: { sign: '+', word: 'create', style: 'green' },
  import: { sign: '=', word: 'import', style: 'cyan' },
  change: { sign: '~', word: 'change', style: 'cyan' },
  replace: { sign: '!', word: 'replace', style: 'yellow' },
  delete: { sign: '-', word: 'delete', style: 'red' },
}

const losses: Readonly<Record<Loss, string>> = {
  lost: 'ITS DATA IS LOST',
  snapshot: 'DATA LOSS: only a last snapshot stays',
  kept: 'its data stays, outside the stack',
}

/** Whether anything that remembers would be gone from a stack. */
export function losesData(changes: readonly Change[]): boolean {
  return changes.some(({ loss }) => loss !== null)
}

function changeLine({ kind, id, type, perhaps, why, loss }: Change): string {
  const { sign, word, style } = signs[kind]
  const reasons = why.length === 0 || kind === 'create' ? '' : `  (${why.join(', ')})`
  const words = `${sign} ${perhaps ? `perhaps ${word}` : word}`
  const line = plain(`${words.padEnd(17)} ${id}  ${type}${reasons}`)
  const fate = loss === null ? '' : `  ${styled(['red', 'bold'], losses[loss])}`
  return `  ${styled(loss === null ? style : 'red', line)}${fate}`
}

function tallied(changes: readonly Change[]): string {
  const kinds = Object.keys(signs) as Change['kind'][]
  const parts = kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind).length
    return some === 0 ? [] : [`${count(some)} to ${signs[kind].word}`]
  })
  return parts.join(', ')
}

/** A stack's changes: their number, and each of them, the worst last, where it is still on the screen. */
export function changesText(name: string, remark: string, changes: readonly Change[]): string {
  const order = Object.keys(signs)
  const rank = ({ kind, loss }: Change): number => order.indexOf(kind) + (loss === null ? 0 : order.length)
  const sorted = changes.toSorted((one, other) => rank(one) - rank(other))
  const head = [styled('bold', name), remark, tallied(changes)].filter(Boolean).join('  ')
  return [head, ...sorted.map(changeLine)].join('\n')
}

const dollars = (amount: number): string => `$${amount.toFixed(2)}`

/** What it costs a month, part by part. */
export function costText({ lines, dollarsAMonth, egress, notCounted, source }: Cost): string {
  const width = Math.max(...lines.map(({ what }) => what.length), 0)
  const parts = lines.map(({ what, dollarsAMonth: each }) => `  ${what.padEnd(width)}  ${dollars(each).padStart(9)}`)
  const ways =
    egress === null || egress.taken === 'none'
      ? []
      : [`  Endpoints would cost ${dollars(egress.endpoints)}, NAT ${dollars(egress.nat)}: ${egress.taken}.`]
  return [
    `${styled('bold', `Standing cost: ${dollars(dollarsAMonth)} a month`)} (${source})`,
    ...parts,
    ...ways,
    `  Not counted: ${notCounted.join('; ')}.`,
  ].join('\n')
}
