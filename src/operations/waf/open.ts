import type { AwsPlace } from '../../aws/index.ts'
import { apigw, type NextCommand, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Ref, WafApi } from './api.ts'
import { allSets, type SetKey, setName } from './lists.ts'
import { openWafApi } from './sdk.ts'

/** The web ACL to use. */
export interface WafPlace extends AwsPlace {
  readonly webAcl: string
  /** The stage that it belongs to, if selected by stage. */
  readonly stage: string | undefined
}

/** A web ACL and the IP sets with its name prefix. */
export interface Waf {
  readonly api: WafApi
  readonly acl: Ref
  readonly sets: readonly (SetKey & { readonly ref: Ref | undefined; readonly name: string })[]
  /** The command that creates missing resources. */
  readonly deploy: NextCommand
}

/** The name of a stage's web ACL. */
export function webAclName(stage: string): string {
  return `apigw-${stage}`
}

function missing(place: WafPlace, deploy: NextCommand, others: readonly Ref[]): Problem {
  const where = place.region === undefined ? 'in this region' : `in ${place.region}`
  const known = others.slice(0, 5).map(({ name }) => name)
  const instead = known.length === 0 ? 'The region has no web ACLs' : `Its web ACLs: ${known.join(', ')}`
  return new Problem('web-acl-unknown', `The web ACL "${place.webAcl}" does not exist ${where}. ${instead}.`, {
    next: step`${deploy}; or use a different region (AWS_REGION) or --web-acl NAME`,
  })
}

/**
 * Finds a web ACL and its IP sets, runs `work` and closes the client.
 * @throws Problem `web-acl-unknown`, with the command that creates it
 */
export async function withWaf<T>(place: WafPlace, work: (waf: Waf) => Promise<T>): Promise<T> {
  const api = await openWafApi(place)
  const deploy = apigw('deploy', 'edge', ...(place.stage === undefined ? [] : ['--stage', place.stage]))
  try {
    const [acls, ipSets] = await Promise.all([api.webAcls(), api.ipSets()])
    const acl = acls.find(({ name }) => name === place.webAcl)
    if (acl === undefined) throw missing(place, deploy, acls)
    return await work({ api, acl, sets: setsOf(acl.name, ipSets), deploy })
  } finally {
    api.close()
  }
}

function setsOf(webAcl: string, known: readonly Ref[]): Waf['sets'] {
  return allSets.map((which) => {
    const name = setName(webAcl, which)
    return { ...which, name, ref: known.find((set) => set.name === name) }
  })
}
