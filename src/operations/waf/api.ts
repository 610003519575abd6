import type { LoggingConfiguration, SampledHTTPRequest, WebACL } from '@aws-sdk/client-wafv2'

/** A web ACL or an IP set, as a list of AWS WAF names it. */
export interface Ref {
  readonly name: string
  readonly id: string
  readonly arn: string
}

export interface StoredSet {
  readonly addresses: readonly string[]
  readonly description: string | undefined
  readonly token: string | undefined
}

export interface Sample {
  readonly requests: readonly SampledHTTPRequest[]
  /** How many requests the sample was taken from. */
  readonly population: number
}

/** What of AWS WAF is used: every call in one place, with errors in words. All is regional, as a load balancer is. */
export interface WafApi {
  webAcls(): Promise<Ref[]>
  ipSets(): Promise<Ref[]>
  webAcl(ref: Ref): Promise<{ readonly acl: WebACL; readonly token: string | undefined }>
  /** @returns false if somebody else changed it since it was read */
  saveWebAcl(ref: Ref, acl: WebACL, token: string | undefined): Promise<boolean>
  ipSet(ref: Ref): Promise<StoredSet>
  /** @returns false if somebody else changed it since it was read */
  saveIpSet(ref: Ref, set: StoredSet): Promise<boolean>
  /** ARNs of the load balancers that a web ACL stands before. */
  loadBalancers(arn: string): Promise<string[]>
  /** The ARN of the web ACL that stands before a load balancer. */
  webAclOf(loadBalancer: string): Promise<string | undefined>
  logging(arn: string): Promise<LoggingConfiguration | undefined>
  sample(arn: string, metric: string, window: { from: number; to: number }, most: number): Promise<Sample>
  close(): void
}
