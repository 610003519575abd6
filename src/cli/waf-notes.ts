import type { Context } from '../operations/customers/index.ts'
import type { NoteStore } from '../operations/waf/index.ts'
import type { OperatorRegistry } from '../registry/index.ts'

/** A store of notes in the registry, which writes each change to the audit log. */
export function noteStore({ registry, actor }: Context): NoteStore {
  return {
    read: (name) => registry.document(name),
    save: async (name, text, expected) => {
      const change = { kind: 'writeNotes', name, text, ...(expected !== undefined && { expected }) } as const
      return (await registry.change(change, actor)).done
    },
  }
}

/** A store of notes in the registry that only reads. */
export function readOnlyNoteStore(registry: OperatorRegistry): NoteStore {
  return { read: (name) => registry.document(name), save: async () => false }
}

/** A warning if the registry is a local file, which other machines cannot read. */
export function localNotesWarning(registry: string): string | undefined {
  if (!registry.startsWith('sqlite:')) return undefined
  return 'The registry is a file on this machine. Other machines see the entry as added by hand, and do not remove it when it expires.'
}
