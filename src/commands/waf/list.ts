import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { type ChangeFlags, changeFlags, WafChangeCommand } from '../../cli/waf-command.ts'
import { readOnlyNoteStore } from '../../cli/waf-notes.ts'
import { wafPlace } from '../../cli/waf-place.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { type Entry, listEntries, type Place, shortText, sweep, withWaf } from '../../operations/waf/index.ts'
import { table } from '../../presenters/output.ts'
import { entryJson } from '../../presenters/waf.ts'

const states = {
  active: '',
  due: 'expired',
  'by-hand': 'added by hand',
  missing: 'recorded, but not in the list',
  unknown: 'no record read',
} as const satisfies Record<Entry['state'], string>

function row({ list, address, state, note }: Entry): string[] {
  const until = note === null ? '' : note.until === null ? 'never expires' : new Date(note.until).toISOString()
  const since = note === null ? '' : new Date(note.at).toISOString()
  return [list, shortText(address), since, until, note?.by ?? '', note?.reason ?? '', states[state]]
}

export default class WafList extends WafChangeCommand {
  static override summary = 'list blocked and allowed addresses with expiry and reason'
  static override description =
    'An expired entry stays in force until a command removes it: any that changes the lists, or this one with --sweep.'
  static override examples = ['<%= config.bin %> waf list', '<%= config.bin %> waf list --sweep']
  static override flags = {
    ...changeFlags,
    sweep: Flags.boolean({ default: false, env: 'APIGW_SWEEP', summary: 'remove expired entries; for scheduled runs' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(WafList)
    const { entries, swept, webAcl } = await this.#read(flags)
    if (entries.length === 0) this.note('The lists are empty.')
    else this.log(table(['list', 'address', 'since', 'until', 'by', 'reason', ''], entries.map(row)))
    this.noteSwept(swept)
    const due = entries.filter(({ state }) => state === 'due').length
    if (due > 0 && !flags.sweep) this.note(step`${`${due}`} expired and still in force. Next: ${apigw('waf list', '--sweep')}`)
    return { webAcl, entries: entries.map(entryJson), swept, dryRun: flags['dry-run'] }
  }

  /** Without --sweep nothing is opened for writing: reading requires no write permission. */
  #read(flags: ChangeFlags & { readonly sweep: boolean }): Promise<{ entries: Entry[]; swept: Place[]; webAcl: string }> {
    if (flags.sweep) {
      return this.withChange(flags, async (change) => {
        const swept = await sweep(change)
        return { entries: await listEntries(change.waf, change.notes, change.now), swept, webAcl: change.waf.acl.name }
      })
    }
    const place = wafPlace(this.settings(flags), flags)
    const read = (notes: Parameters<typeof listEntries>[1]) =>
      withWaf(place, async (waf) => ({ entries: await listEntries(waf, notes, Date.now()), swept: [], webAcl: waf.acl.name }))
    return flags.unrecorded ? read(undefined) : this.withRegistry(flags, (registry) => read(readOnlyNoteStore(registry)))
  }
}
