import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { Problem } from '../../domain/problem.ts'
import { lists } from './lists.ts'

const note = z.object({
  list: z.enum(lists),
  /** In the format of `cidrText`. */
  address: z.string().min(1),
  /** Milliseconds since 1970, as `until`. */
  at: z.number(),
  /** null: no expiry. */
  until: z.number().nullable(),
  by: z.string(),
  from: z.string(),
  reason: z.string(),
})
const shape = z.object({ version: z.literal(1), notes: z.array(note) })

/** Why an address is on a list, since when, until when and who added it. An IP set cannot store this. */
export type Note = z.infer<typeof note>

/**
 * The storage of notes: a text with optimistic locking (decision record 19). The command line uses the registry.
 */
export interface NoteStore {
  read(name: string): Promise<{ readonly text: string; readonly version: string } | undefined>
  /** @returns false if the text changed since version `expected` was read */
  save(name: string, text: string, expected: string | undefined, what: string): Promise<boolean>
}

const tries = 12

/** The document name of a web ACL. It contains the account and region, because several may share a registry. */
function documentName(arn: string): string {
  const [, , , region = '', account = '', resource = ''] = arn.split(':')
  return `waf:${account}:${region}:${resource.split('/')[2] ?? ''}`
}

function notesIn(text: string | undefined): Note[] {
  if (text === undefined) return []
  try {
    return shape.parse(JSON.parse(text)).notes
  } catch (cause) {
    throw new Problem('registry-corrupt', 'The notes about the IP lists of the web ACL are unreadable.', {
      next: 'use the version of apigw that wrote them, or restore an older backup of the registry',
      cause,
    })
  }
}

/** @param arn the ARN of the web ACL */
export async function readNotes(store: NoteStore, arn: string): Promise<Note[]> {
  return notesIn((await store.read(documentName(arn)))?.text)
}

/**
 * Changes the notes of a web ACL. Retries on a concurrent change, so none is lost.
 * @param change returns the new notes, or the same array to write nothing
 * @param what a description for the audit log
 */
export async function changeNotes(
  store: NoteStore,
  arn: string,
  what: string,
  change: (notes: readonly Note[]) => readonly Note[],
): Promise<void> {
  const name = documentName(arn)
  for (let round = 0; round < tries; round++) {
    const stored = await store.read(name)
    const before = notesIn(stored?.text)
    const after = change(before)
    if (after === before) return
    if (await store.save(name, JSON.stringify({ version: 1, notes: after }), stored?.version, what)) return
    await sleep(Math.random() * Math.min(500, 5 * 2 ** round))
  }
  throw new Problem('registry-unavailable', 'Other processes keep changing the notes about the IP lists.', {
    next: 'run the command again',
  })
}

/** Whether two notes are about the same entry. */
export function sameEntry(one: Pick<Note, 'list' | 'address'>, other: Pick<Note, 'list' | 'address'>): boolean {
  return one.list === other.list && one.address === other.address
}
