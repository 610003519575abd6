import type { Answer, OpenWay } from './reach.ts'

/** `acl PrivateAcl` for `acl apigw-prod-network/PrivateAcl`: in one stage logical ids are clear enough. */
function short(hop: string): string {
  return hop.replaceAll(/\S+\/(?=[A-Z])/g, '')
}

function lineOf(path: readonly string[]): string {
  return path.map(short).join(' -> ')
}

/** One way for each kind and endpoint: the subnets of two zones usually have the same. */
function different(ways: readonly OpenWay[]): OpenWay[] {
  return [...new Map(ways.toReversed().map((way) => [`${way.via.kind} ${way.via.endpoint}`, way])).values()].reverse()
}

/**
 * The lines that show an answer: its ways from hop to hop, then why the last hop refuses, or what may fail.
 *
 *     WorkerFunction (function) -> security group WorkerSecurityGroup -> subnet PrivateSubnetA -> endpoint SqsEndpoint
 */
export function drawn(answer: Answer): string[] {
  if (answer.allowed) {
    return [...different(answer.ways).map(({ path }) => lineOf(path)), ...answer.warnings.map((text) => `  ! ${text}`)]
  }
  return [`${lineOf(answer.path)} -> refused`, `  ${answer.at}: ${answer.reason}`, `  ${answer.page}`]
}
