import type { AwsPlace } from '../../aws/index.ts'
import { apigw, type NextCommand, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Ref, WafApi } from './api.ts'
import { allSets, setName, type Which } from './lists.ts'
import { openWafApi } from './sdk.ts'

/** Which web ACL is meant. */
export interface WafPlace extends AwsPlace {
  readonly webAcl: string
  /** The stage that it belongs to, if it was found by one. */
  readonly stage: string | undefined
}

/** A web ACL that was found, with the IP sets that carry its name. */
export interface Waf {
  readonly api: WafApi
  readonly acl: Ref
  readonly sets: readonly (Which & { readonly ref: Ref | undefined; readonly name: string })[]
  /** The command that makes what is missing. */
  readonly deploy: NextCommand
}

/** What apigw calls the web ACL of a stage. */
export function webAclName(stage: string): string {
  return `apigw-${stage}`
}

function missing(place: WafPlace, deploy: NextCommand, others: readonly Ref[]): Problem {
  const where = place.region === undefined ? 'in this region' : `in ${place.region}`
  const known = others.slice(0, 5).map(({ name }) => name)
  const instead = known.length === 0 ? 'There is none at all there' : `There are: ${known.join(', ')}`
  return new Problem('web-acl-unknown', `There is no web ACL "${place.webAcl}" ${where}. ${instead}.`, {
    next: step`${deploy}; or another region (AWS_REGION) or --web-acl NAME`,
  })
}

/**
 * Finds a web ACL and its IP sets, for as long as `work` takes.
 * @throws Problem `web-acl-unknown`, with the command that makes it
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
