import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { confirmed } from '../cli/confirm.ts'
import { iso } from '../cli/output.ts'
import type { BaseFlags } from '../cli/settings.ts'
import { Problem } from '../domain/problem.ts'
import type { Context } from '../operations/customers/index.ts'
import {
  addEntries,
  type Change,
  type Cidr,
  cidrText,
  type List,
  type Place,
  readAsked,
  shortText,
  sweep,
  withWaf,
} from '../operations/waf/index.ts'
import { defaultTtl, endOf, localNotesRemark, notesOf, placeText, typedAddresses, wafFlags, wafPlace } from './waf.ts'

/** Flags of every change of the lists. */
export const changeFlags = {
  ...wafFlags,
  unrecorded: Flags.boolean({
    default: false,
    env: 'APIGW_UNRECORDED',
    summary: 'leave the registry out, for when it is down: ends and reasons are neither noted nor shown',
  }),
  'dry-run': shared.dryRun,
} as const

/** Flags of what puts an address into a list. */
export const entryFlags = {
  ttl: Flags.string({
    env: 'APIGW_TTL',
    exclusive: ['unrecorded'],
    helpValue: 'SPAN|TIME|never',
    summary: `until when: 30m, 7d, a time such as 2027-01-31T00:00:00Z, or never (default: ${defaultTtl})`,
  }),
  reason: Flags.string({ required: true, env: 'APIGW_REASON', helpValue: 'TEXT', summary: 'why, for who comes after you' }),
  yes: shared.yes,
  ...changeFlags,
} as const

export const addressArgs = {
  address: Args.string({
    required: true,
    multiple: true,
    ignoreStdin: true,
    description: 'addresses or ranges, IPv4 and IPv6; - for a list on stdin',
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

/** What a list does, in words. */
const done = { block: 'blocked', allow: 'allowed' } as const satisfies Record<List, string>

/** How an entry gets into its list: what is looked at before, and what is asked. */
export interface Put {
  readonly list: List
  readonly addresses: readonly string[]
  /** Throws where it must not be; says what is worth saying. */
  readonly check: (change: Change, cidrs: readonly Cidr[], context: Context | undefined) => Promise<readonly string[]>
  readonly question: ((texts: string) => string) | undefined
}

/** A command that changes the lists of a web ACL. */
export abstract class WafChangeCommand extends BaseCommand {
  // oclif looks for it no further than one class up.
  static override enableJsonFlag = true

  /** Opens the web ACL, and the registry for its notes, for as long as `work` takes. */
  protected async withChange<T>(flags: ChangeFlags, work: (change: Change, context?: Context) => Promise<T>): Promise<T> {
    const place = wafPlace(this.settings(flags), flags)
    const open = (context?: Context): Promise<T> =>
      withWaf(place, (waf) =>
        work({ waf, notes: context && notesOf(context), dryRun: flags['dry-run'], now: Date.now() }, context),
      )
    if (flags.unrecorded) {
      const result = await open()
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      return result
    }
    try {
      return await this.withContext(flags, open)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'registry-unavailable') throw error
      throw new Problem(error.code, `${error.message} End and reason of an entry are noted there.`, {
        next: 'run it again; or without any note, and for good: add --unrecorded',
        cause: error,
      })
    }
  }

  /** Puts addresses into a list, and takes out of both lists what is due. */
  protected async put(flags: EntryFlags, { list, addresses, check, question }: Put) {
    const asked = readAsked(await typedAddresses(addresses), true)
    const until = flags.unrecorded ? null : endOf(flags.ttl, Date.now())
    const local = flags.unrecorded ? undefined : localNotesRemark(this.settings(flags).registry)
    return this.withChange(flags, async (change, context) => {
      const remarks = [...asked.remarks, ...(await check(change, asked.cidrs, context)), ...(local === undefined ? [] : [local])]
      for (const remark of remarks) this.note(remark)
      if (question !== undefined && !change.dryRun) {
        await confirmed(question(shortened(asked.cidrs.map(cidrText))), { yes: flags.yes, interactive: this.interactive })
      }
      const actor = context?.actor ?? { who: '', from: '' }
      const why = { until, by: actor.who, from: actor.from, reason: flags.reason }
      const { entries, added } = await addEntries(change, list, asked.cidrs, why)
      for (const { address } of entries) this.log(entryText(list, address, until, added.includes(address)))
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

  /** Takes away what is due, once what was asked for is done. That this fails does not undo the other. */
  protected async sweepAfter(change: Change): Promise<{ swept: Place[]; failure: string[] }> {
    try {
      const swept = await sweep(change)
      this.noteSwept(swept)
      return { swept, failure: [] }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const failure = this.here(`What is due could not be taken away: ${error.message} Next: apigw waf list --sweep`)
      this.note(failure)
      return { swept: [], failure: [failure] }
    }
  }

  protected noteSwept(swept: readonly Place[]): void {
    if (swept.length > 0) this.note(`Their time was over, and they are gone: ${swept.map(placeText).join(', ')}.`)
  }
}

const maxShown = 5

function shortened(texts: readonly string[]): string {
  const more = texts.length - maxShown
  return texts.slice(0, maxShown).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function entryText(list: List, address: string, until: number | null, added: boolean): string {
  const end = until === null ? 'until it is taken away' : `until ${new Date(until).toISOString()}`
  return `${shortText(address)} ${added ? 'is' : 'was already'} ${done[list]}, ${added ? '' : 'now '}${end}.`
}
