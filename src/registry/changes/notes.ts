import * as z from 'zod'
import { isDisplayable } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import type { Actor } from './change.ts'

const text = (most: number) => z.string().max(most).refine(isDisplayable, 'has characters that cannot be shown')
const note = z.strictObject({
  list: z.enum(['block', 'allow']),
  address: text(50).min(1),
  at: z.number(),
  until: z.number().nullable(),
  by: z.string().max(2_000),
  from: z.string().max(300),
  reason: text(1_000),
})
type Note = z.infer<typeof note>
const shape = z.strictObject({ version: z.literal(1), notes: z.array(note).max(20_000) })

/** The document of a web ACL: account, region and id. */
export const notesName = /^waf:\d{12}:[a-z0-9-]{1,40}:[\w-]{1,64}$/

/** How many addresses a line of the audit log names; what there are more is counted. */
const named = 10

function list(notes: readonly Note[]): string {
  const shown = notes.slice(0, named).map(({ address }) => address)
  return `${shown.join(', ')}${notes.length > named ? ` and ${notes.length - named} more` : ''}`
}

/** Notes of one list with one reason: they were put there together. */
function groups(notes: readonly Note[]): Note[][] {
  const found = new Map<string, Note[]>()
  for (const one of notes) {
    const key = JSON.stringify([one.list, one.reason])
    found.set(key, [...(found.get(key) ?? []), one])
  }
  return [...found.values()]
}

/**
 * Notes about the lists of a web ACL as they may be stored, and what is different in words. Who put an entry there is who
 * writes it now, whatever the text says.
 *
 * @throws Problem `input-invalid`
 */
export function writtenNotes(before: string | undefined, after: string, actor: Actor): { text: string; what: string } {
  const read = shape.safeParse(parsed(after))
  if (!read.success) throw new Problem('input-invalid', 'The notes about the lists of a web ACL have another form.')
  const known = before === undefined ? [] : (shape.safeParse(parsed(before)).data?.notes ?? [])
  const same = (one: Note, other: Note): boolean => JSON.stringify(note.parse(one)) === JSON.stringify(note.parse(other))
  const isKnown = (one: Note): boolean => known.some((other) => other.address === one.address && same(one, other))
  const fresh = read.data.notes.filter((one) => !isKnown(one))
  const kept = (one: Note): boolean => read.data.notes.some(({ list: of, address }) => of === one.list && address === one.address)
  const gone = known.filter((one) => !kept(one))
  const notes = read.data.notes.map((one) => (fresh.includes(one) ? { ...one, by: actor.who, from: actor.from } : one))
  const words = [
    ...groups(fresh).map((group) => `${group[0]?.list} ${list(group)}: ${group[0]?.reason}`),
    ...(gone.length === 0 ? [] : [`forget ${list(gone)}`]),
  ]
  return { text: JSON.stringify({ version: 1, notes }), what: `waf: ${words.join('; ')}`.slice(0, 2_000) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
