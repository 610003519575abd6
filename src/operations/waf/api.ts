import type { LoggingConfiguration, SampledHTTPRequest, WebACL } from '@aws-sdk/client-wafv2'

/** A reference to a web ACL or an IP set. */
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

/** The API calls of AWS WAF that apigw uses, with readable errors. All are regional, as load balancers are. */
export interface WafApi {
  webAcls(): Promise<Ref[]>
  ipSets(): Promise<Ref[]>
  webAcl(ref: Ref): Promise<{ readonly acl: WebACL; readonly token: string | undefined }>
  /** @returns false if it changed since it was read */
  saveWebAcl(ref: Ref, acl: WebACL, token: string | undefined): Promise<boolean>
  ipSet(ref: Ref): Promise<StoredSet>
  /** @returns false if it changed since it was read */
  saveIpSet(ref: Ref, set: StoredSet): Promise<boolean>
  /** ARNs of the load balancers that a web ACL is attached to. */
  loadBalancers(arn: string): Promise<string[]>
  /** The ARN of the web ACL that is attached to a load balancer. */
  webAclOf(loadBalancer: string): Promise<string | undefined>
  logging(arn: string): Promise<LoggingConfiguration | undefined>
  sample(arn: string, metric: string, window: { from: number; to: number }, most: number): Promise<Sample>
  close(): void
}
