import { Args, Flags } from '@oclif/core'
import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import type { Context } from '../operations/customers/index.ts'
import {
  addEntries,
  type Change,
  type Cidr,
  cidrText,
  type List,
  type Place,
  parseAddresses,
  sweep,
  withWaf,
} from '../operations/waf/index.ts'
import { iso } from '../presenters/output.ts'
import { addedText, addressesText, placeText } from '../presenters/waf.ts'
import { BaseCommand, shared } from './base.ts'
import { confirm } from './confirm.ts'
import type { BaseFlags } from './settings.ts'
import { localNotesWarning, noteStore } from './waf-notes.ts'
import { defaultTtl, parseTtl, readAddresses, wafFlags, wafPlace } from './waf-place.ts'

/** Flags of every command that changes the lists. */
export const changeFlags = {
  ...wafFlags,
  unrecorded: Flags.boolean({
    default: false,
    env: 'APIGW_UNRECORDED',
    summary: 'skip the registry, for when it is down: expiry and reason are neither recorded nor shown',
  }),
  'dry-run': shared.dryRun,
} as const

/** Flags of the commands that add an address to a list. */
export const entryFlags = {
  ttl: Flags.string({
    env: 'APIGW_TTL',
    exclusive: ['unrecorded'],
    helpValue: 'SPAN|TIME|never',
    summary: `expiry: 30m, 7d, a time such as 2027-01-31T00:00:00Z, or never (default: ${defaultTtl})`,
  }),
  reason: Flags.string({ required: true, env: 'APIGW_REASON', helpValue: 'TEXT', summary: 'reason, recorded in the audit log' }),
  yes: shared.yes,
  ...changeFlags,
} as const

export const addressArgs = {
  address: Args.string({
    required: true,
    multiple: true,
    ignoreStdin: true,
    description: 'IPv4 or IPv6 addresses or ranges; - for stdin',
  }),
} as const

export interface ChangeFlags extends BaseFlags {
  readonly 'web-acl'?: string | undefined
  readonly profile?: string | undefined
  readonly unrecorded: boolean
  readonly 'dry-run': boolean
}

export interface EntryFlags extends ChangeFlags {
  readonly ttl?: string | undefined
  readonly reason: string
  readonly yes: boolean
}

/** How a command adds entries to a list. */
export interface Addition {
  readonly list: List
  readonly addresses: readonly string[]
  /** Throws if the addresses must not be added; returns remarks to show. */
  readonly check: (change: Change, cidrs: readonly Cidr[], context: Context | undefined) => Promise<readonly string[]>
  /** What to confirm; undefined: nothing. */
  readonly question: ((texts: string) => string) | undefined
}

/** The base of the commands that change the lists of a web ACL. */
export abstract class WafChangeCommand extends BaseCommand {
  // oclif reads it from the direct parent class only.
  static override enableJsonFlag = true

  /** Opens the web ACL, and the registry for its notes, while `work` runs. */
  protected async withChange<T>(flags: ChangeFlags, work: (change: Change, context?: Context) => Promise<T>): Promise<T> {
    const place = wafPlace(this.settings(flags), flags)
    const run = (context?: Context): Promise<T> =>
      withWaf(place, (waf) =>
        work({ waf, notes: context && noteStore(context), dryRun: flags['dry-run'], now: Date.now() }, context),
      )
    if (flags.unrecorded) {
      const result = await run()
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      return result
    }
    try {
      return await this.withContext(flags, run)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'registry-unavailable') throw error
      throw new Problem(error.code, `${error.message} It records the expiry and reason of entries.`, {
        next: 'run it again; or add --unrecorded, for an entry without expiry and reason',
        cause: error,
      })
    }
  }

  /** Adds addresses to a list, then removes expired entries from both lists. */
  protected async addToList(flags: EntryFlags, { list, addresses, check, question }: Addition) {
    const asked = parseAddresses(await readAddresses(addresses), true)
    const until = flags.unrecorded ? null : parseTtl(flags.ttl, Date.now())
    const local = flags.unrecorded ? undefined : localNotesWarning(this.settings(flags).registry)
    return this.withChange(flags, async (change, context) => {
      const remarks = [...asked.remarks, ...(await check(change, asked.cidrs, context)), ...(local === undefined ? [] : [local])]
      for (const remark of remarks) this.note(remark)
      if (question !== undefined && !change.dryRun) {
        await confirm(question(addressesText(asked.cidrs.map(cidrText))), { yes: flags.yes, interactive: this.interactive })
      }
      const actor = context?.actor ?? { who: '', from: '' }
      const why = { until, by: actor.who, from: actor.from, reason: flags.reason }
      const { entries, added } = await addEntries(change, list, asked.cidrs, why)
      for (const { address } of entries) this.log(addedText(list, address, until, added.includes(address)))
      const { swept, failure } = await this.sweepAfter(change)
      return {
        webAcl: change.waf.acl.name,
        list,
        entries: entries.map(({ address }) => ({ address, added: added.includes(address), until: iso(until ?? undefined) })),
        reason: flags.unrecorded ? null : flags.reason,
        swept,
        remarks: [...remarks, ...failure],
        dryRun: change.dryRun,
      }
    })
  }

  /** Removes expired entries after a change. A failure does not undo the change. */
  protected async sweepAfter(change: Change): Promise<{ swept: Place[]; failure: string[] }> {
    try {
      const swept = await sweep(change)
      this.noteSwept(swept)
      return { swept, failure: [] }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const failure = this.nextText(
        step`Could not remove expired entries: ${error.message} Next: ${apigw('waf list', '--sweep')}`,
      )
      this.note(failure)
      return { swept: [], failure: [failure] }
    }
  }

  protected noteSwept(swept: readonly Place[]): void {
    if (swept.length > 0) this.note(`Removed expired entries: ${swept.map(placeText).join(', ')}.`)
  }
}
