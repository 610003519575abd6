import { Flags } from '@oclif/core'
import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { addressesIn, type WafPlace, webAclName } from '../operations/waf/index.ts'
import { shared } from './base.ts'
import { instant } from './instant.ts'
import { readStdin } from './prompts.ts'
import type { Settings } from './settings.ts'

/** Flags that select the web ACL. */
export const wafFlags = {
  'web-acl': Flags.string({ env: 'APIGW_WEB_ACL', helpValue: 'NAME', summary: 'web ACL name (default: apigw-STAGE)' }),
  profile: shared.profile,
} as const

/** The selected web ACL. @throws Problem `input-missing` if neither a stage nor a name selects one */
export function wafPlace(settings: Settings, flags: { 'web-acl'?: string | undefined; profile?: string | undefined }): WafPlace {
  const { stage, region } = settings
  const webAcl = flags['web-acl'] ?? (stage === undefined ? undefined : webAclName(stage))
  if (webAcl === undefined) {
    throw new Problem('input-missing', 'There is no apigw.yaml in this folder, so there is no stage.', {
      next: step`add --web-acl NAME, or run ${apigw('init')}`,
    })
  }
  return { region, profile: flags.profile, webAcl, stage: flags['web-acl'] === undefined ? stage : undefined }
}

/** Replaces `-` in typed addresses by the addresses on stdin. */
export async function readAddresses(typed: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(typed.map(async (one) => (one === '-' ? addressesIn(await readStdin()) : [one])))
  return lists.flat()
}

/** Addresses change owners, so an entry expires by default. */
export const defaultTtl = '24h'

/** Parses an expiry. @returns milliseconds since 1970; null: never */
export function parseTtl(ttl: string | undefined, now: number): number | null {
  if (ttl === 'never') return null
  const end = instant(ttl ?? defaultTtl, now)
  if (end > now) return end
  throw new Problem('input-invalid', `"${ttl}" is in the past.`, { next: 'use a duration such as 24h, or never' })
}
