import { Flags } from '@oclif/core'
import { shared } from '../cli/base.ts'
import { instant } from '../cli/instant.ts'
import { iso } from '../cli/output.ts'
import { readStdin } from '../cli/prompts.ts'
import type { Settings } from '../cli/settings.ts'
import { Problem } from '../domain/problem.ts'
import type { Context } from '../operations/customers/index.ts'
import {
  addressesIn,
  type Cidr,
  type Entry,
  type NoteStore,
  ownAddresses,
  type Place,
  publicAddress,
  type RestrictedKey,
  type RuleSample,
  readCidr,
  type SampledRequest,
  shortText,
  type WafPlace,
  webAclName,
} from '../operations/waf/index.ts'
import type { OperatorRegistry } from '../registry/index.ts'

/** Flags that say which web ACL is meant. */
export const wafFlags = {
  'web-acl': Flags.string({ env: 'APIGW_WEB_ACL', helpValue: 'NAME', summary: 'another web ACL than apigw-STAGE' }),
  profile: shared.profile,
} as const

/** @throws Problem `input-missing` where neither a stage nor a name says which */
export function wafPlace(settings: Settings, flags: { 'web-acl'?: string | undefined; profile?: string | undefined }): WafPlace {
  const { stage, region } = settings
  const webAcl = flags['web-acl'] ?? (stage === undefined ? undefined : webAclName(stage))
  if (webAcl === undefined) {
    throw new Problem('input-missing', 'There is no apigw.yaml here that says which stage is meant.', {
      next: 'add --web-acl NAME, or run apigw init',
    })
  }
  return { region, profile: flags.profile, webAcl, stage: flags['web-acl'] === undefined ? stage : undefined }
}

/** The addresses that were typed; `-` stands for those on stdin. */
export async function typedAddresses(typed: readonly string[]): Promise<string[]> {
  const found = await Promise.all(typed.map(async (one) => (one === '-' ? addressesIn(await readStdin()) : [one])))
  return found.flat()
}

/** An address changes hands: what it did yesterday says little of who has it next week. */
export const defaultTtl = '24h'

/** @returns milliseconds since 1970; null: never */
export function endOf(ttl: string | undefined, now: number): number | null {
  if (ttl === 'never') return null
  const end = instant(ttl ?? defaultTtl, now)
  if (end > now) return end
  throw new Problem('input-invalid', `"${ttl}" is over already.`, { next: 'a span such as 24h, or never' })
}

/** The registry as the place of notes, with a line of the audit log for each change. */
export function notesOf({ registry, actor }: Context): NoteStore {
  return {
    read: (name) => registry.document(name),
    save: async (name, text, expected) => {
      const change = { kind: 'writeNotes', name, text, ...(expected !== undefined && { expected }) } as const
      return (await registry.change(change, actor)).done
    },
  }
}

/** The same where nothing is to be written. */
export function notesToRead(registry: OperatorRegistry): NoteStore {
  return { read: (name) => registry.document(name), save: async () => false }
}

/** A registry on this machine is one that nobody else asks. */
export function localNotesRemark(registry: string): string | undefined {
  if (!registry.startsWith('sqlite:')) return undefined
  return 'The registry is a file of this machine: from another one, the entry looks as if it was made by hand, and nobody ends it.'
}

/** The caller's own addresses: the one that was named, or what AWS and this machine say. */
export async function myAddresses(named: string | undefined, wanted: readonly Cidr[]): Promise<{ mine: Cidr[]; known: boolean }> {
  if (named !== undefined) {
    const cidr = readCidr(named)
    if (cidr === undefined) throw new Problem('input-invalid', `--my-address: "${named}" is no IP address.`)
    return { mine: [cidr], known: true }
  }
  const own = ownAddresses()
  if (!wanted.some(({ family }) => family === 4)) return { mine: own, known: true }
  const outside = await publicAddress()
  return { mine: outside === undefined ? own : [outside, ...own], known: outside !== undefined }
}

/** Reading every customer takes a call each; beyond this many, a block does not wait for it. */
const maxCustomers = 500

/** Keys that work only from some addresses; none where there are too many customers to ask. */
export async function restrictedKeys(registry: OperatorRegistry): Promise<RestrictedKey[]> {
  const customers = await registry.customers()
  if (customers.length > maxCustomers) return []
  const profiles = await Promise.all(customers.map(({ id }) => registry.profile(id)))
  return profiles
    .flatMap((stored) => stored?.profile.credentials ?? [])
    .filter(({ revokedAt }) => revokedAt === undefined)
    .map(({ customer, keyId, allowIps = [] }) => ({ customer, keyId, from: allowIps.map(({ text }) => text) }))
}

/** An entry for `--json`. */
export function entryJson({ list, address, state, note }: Entry) {
  return {
    list,
    address,
    state,
    since: iso(note?.at),
    until: note === null || note.until === null ? null : iso(note.until),
    by: note?.by ?? null,
    from: note?.from ?? null,
    reason: note?.reason ?? null,
  }
}

export function placeText({ list, address }: Place): string {
  return `${shortText(address)} (${list})`
}

const maxCell = 60

function short(text: string): string {
  return text.length <= maxCell ? text : `${text.slice(0, maxCell - 1)}…`
}

function requestRow({ rule, inner, at, action, address, country, method, uri, userAgent }: SampledRequest): string[] {
  const which = inner === null ? rule : `${rule}: ${inner}`
  return [iso(at ?? undefined) ?? '', which, action.toLowerCase(), address, country, method, short(uri), short(userAgent)]
}

/** Requests for a table; what somebody sent is cut, so that one row stays one line. */
export function sampleRows({ requests }: RuleSample): string[][] {
  return requests.map(requestRow)
}

export function sampleJson({ requests, ...sample }: RuleSample) {
  return { ...sample, requests: requests.map(({ at, ...request }) => ({ at: iso(at ?? undefined), ...request })) }
}
