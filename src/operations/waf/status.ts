import type { FieldToMatch, LoggingConfiguration, WebACL } from '@aws-sdk/client-wafv2'
import type { NextCommand } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { List } from './lists.ts'
import type { Waf } from './open.ts'
import { ipSetsOf, type Mode, modeOf, type RuleLine, ruleLine } from './rules.ts'
import { readSets } from './sets.ts'

export interface SetLine {
  readonly name: string
  readonly list: List
  /** null: the set does not exist. */
  readonly addresses: number | null
  /** Modes of the rules that use the set; empty: it has no effect. */
  readonly modes: readonly Mode[]
}

export interface LoggingLine {
  readonly destinations: readonly string[]
  /** Headers and fields that are redacted. */
  readonly redacted: readonly string[]
}

/** The status of a web ACL. */
export interface WafStatus {
  readonly webAcl: string
  readonly arn: string
  /** Web ACL capacity units (WCU). */
  readonly capacity: number
  readonly defaultAction: 'allow' | 'block'
  /** undefined: not readable. */
  readonly loadBalancers: readonly string[] | undefined
  readonly rules: readonly RuleLine[]
  readonly sets: readonly SetLine[]
  /** null: logging is off; undefined: not readable. */
  readonly logging: LoggingLine | null | undefined
  /** Parts that could not be read, and why. */
  readonly missing: readonly string[]
  readonly deploy: NextCommand
}

function redactedName(field: FieldToMatch): string {
  if (field.SingleHeader?.Name !== undefined) return field.SingleHeader.Name.toLowerCase()
  return Object.keys(field).find((key) => key !== 'SingleHeader') ?? ''
}

function loggingLine(found: LoggingConfiguration | undefined): LoggingLine | null {
  if (found === undefined) return null
  return { destinations: found.LogDestinationConfigs ?? [], redacted: (found.RedactedFields ?? []).map(redactedName) }
}

async function setLines(waf: Waf, acl: WebACL): Promise<SetLine[]> {
  const contents = await readSets(waf)
  return waf.sets.map(({ name, list, ref }) => {
    const own = contents.find((set) => set.name === name)
    const readers = (acl.Rules ?? []).filter((rule) => ref !== undefined && ipSetsOf(rule.Statement).includes(ref.arn))
    return { name, list, addresses: own?.addresses.length ?? null, modes: readers.map(modeOf) }
  })
}

/** The load balancers that the web ACL is attached to; checks only `loadBalancer` if set. */
async function protectedBy({ api, acl }: Waf, loadBalancer: string | undefined): Promise<string[]> {
  if (loadBalancer === undefined) return api.loadBalancers(acl.arn)
  return (await api.webAclOf(loadBalancer)) === acl.arn ? [loadBalancer] : []
}

/** Reads all parts. A part that cannot be read is listed in `missing`. */
export async function readStatus(waf: Waf, loadBalancer: string | undefined): Promise<WafStatus> {
  const missing: string[] = []
  const part = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Problem) || error.code === 'aws-credentials') throw error
      missing.push(`${what}: ${error.message}`)
      return undefined
    }
  }
  const { acl } = await waf.api.webAcl(waf.acl)
  const [loadBalancers, logging, sets] = await Promise.all([
    part('load balancers', () => protectedBy(waf, loadBalancer)),
    part('logging', async () => loggingLine(await waf.api.logging(waf.acl.arn))),
    part('IP sets', () => setLines(waf, acl)),
  ])
  return {
    webAcl: waf.acl.name,
    arn: waf.acl.arn,
    capacity: acl.Capacity ?? 0,
    defaultAction: acl.DefaultAction?.Block === undefined ? 'allow' : 'block',
    loadBalancers,
    rules: (acl.Rules ?? []).map(ruleLine).sort((a, b) => a.priority - b.priority),
    sets: sets ?? [],
    logging,
    missing,
    deploy: waf.deploy,
  }
}
