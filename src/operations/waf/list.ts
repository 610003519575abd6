import { type Entry, entriesOf } from './entries.ts'
import { type NoteStore, readNotes } from './notes.ts'
import type { Waf } from './open.ts'
import { readSets } from './sets.ts'

/**
 * All entries of both lists, the block list first.
 * @param store undefined: the notes are not available
 */
export async function listEntries(waf: Waf, store: NoteStore | undefined, now: number): Promise<Entry[]> {
  const sets = await readSets(waf)
  return entriesOf(sets, store && (await readNotes(store, waf.acl.arn)), now)
}
