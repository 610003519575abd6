import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { Problem } from '../../domain/problem.ts'
import { lists } from './lists.ts'

const note = z.object({
  list: z.enum(lists),
  /** As `cidrText` writes it. */
  address: z.string().min(1),
  /** Milliseconds since 1970, as all times here. */
  at: z.number(),
  /** null: until somebody takes it away. */
  until: z.number().nullable(),
  by: z.string(),
  from: z.string(),
  reason: z.string(),
})
const shape = z.object({ version: z.literal(1), notes: z.array(note) })

/** Why an address is in a list, since when, until when, and who put it there: what an IP set has no room for. */
export type Note = z.infer<typeof note>

/**
 * Where notes are kept: a text that is replaced only if nobody else replaced it meanwhile (decision record 19). The
 * command line gives it the registry.
 */
export interface NoteStore {
  read(name: string): Promise<{ readonly text: string; readonly version: string } | undefined>
  /** @returns false if somebody else wrote since `expected` was read */
  save(name: string, text: string, expected: string | undefined, what: string): Promise<boolean>
}

const tries = 12

/** The document of a web ACL: its account and region are part of the name, because two may share a registry. */
function documentName(arn: string): string {
  const [, , , region = '', account = '', resource = ''] = arn.split(':')
  return `waf:${account}:${region}:${resource.split('/')[2] ?? ''}`
}

function notesIn(text: string | undefined): Note[] {
  if (text === undefined) return []
  try {
    return shape.parse(JSON.parse(text)).notes
  } catch (cause) {
    throw new Problem('registry-corrupt', 'What the registry knows about the lists of the web ACL cannot be read.', {
      next: 'use the apigw that wrote it; or an older copy of the registry',
      cause,
    })
  }
}

/** @param arn the web ACL's */
export async function readNotes(store: NoteStore, arn: string): Promise<Note[]> {
  return notesIn((await store.read(documentName(arn)))?.text)
}

/**
 * Changes the notes of a web ACL. Another operator's change in between is read first, so none is lost.
 * @param change what they are afterwards; the very same array: nothing is written
 * @param what the change in words, for the audit log
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
  throw new Problem('registry-unavailable', 'The notes about the lists are being changed by others all the time.', {
    next: 'run the command again',
  })
}

/** Whether two notes are about the same entry. */
export function sameEntry(one: Pick<Note, 'list' | 'address'>, other: Pick<Note, 'list' | 'address'>): boolean {
  return one.list === other.list && one.address === other.address
}
