import { isSeq, parseDocument } from 'yaml'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type EarlierFinding, readBaseline } from './baseline.ts'

/** Who accepts findings, why, and until when. */
export interface Acceptance {
  readonly ids: readonly string[]
  readonly owner: string
  readonly reason: string
  /** The last day, in UTC: `2027-03-31`. */
  readonly expires: string
}

const empty = 'version: 1\naccepted: []\n'

/**
 * The text of a baseline file with acceptances, each with the severity and the path of the finding as it is. An entry for the same
 * finding is replaced. What else is in the file, and its comments, stay.
 * @param text of the file; undefined: it does not exist
 * @throws Problem `audit-input-invalid` for a file, an id or a date that cannot be used
 */
export function withAccepted(
  text: string | undefined,
  name: string,
  findings: readonly EarlierFinding[],
  { ids, owner, reason, expires }: Acceptance,
  now: number,
): string {
  const before = text ?? empty
  readBaseline(before, name, now)
  const document = parseDocument(before)
  const list = document.get('accepted')
  if (!isSeq(list)) throw new Problem('audit-input-invalid', `${name} has no list "accepted".`)
  list.flow = false
  for (const id of new Set(ids)) {
    const found = findings.find((finding) => finding.id === id)
    if (found === undefined) {
      throw new Problem('audit-input-invalid', `No finding has the id ${id}.`, { next: apigw('audit iam', '--json') })
    }
    const { severity, variant } = found
    const entry = { owner, reason, expires, accept: { id }, severity, ...(variant !== undefined && { variant }) }
    const at = list.items.findIndex((_item, index) => {
      const accept = document.getIn(['accepted', index, 'accept'])
      return document.getIn(['accepted', index, 'accept', 'id']) === id && isOnlyId(accept)
    })
    if (at < 0) list.add(document.createNode(entry))
    else list.set(at, document.createNode(entry))
  }
  const after = document.toString({ lineWidth: 0 })
  readBaseline(after, name, now)
  return after
}

/** Whether a filter selects by id alone, so that an entry for the id replaces it. */
function isOnlyId(accept: unknown): boolean {
  return (
    typeof accept === 'object' && accept !== null && 'items' in accept && Array.isArray(accept.items) && accept.items.length === 1
  )
}
