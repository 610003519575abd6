/** Quotas of an account in a region. AWS raises most of them on request. */
export interface Quotas {
  /** Concurrent executions of all functions. */
  readonly lambdaConcurrency: number
  /** The part of them that no function may reserve. */
  readonly lambdaUnreserved: number
  readonly lambdaMegabytes: number
  readonly vpcs: number
  readonly elasticAddresses: number
  readonly internetGateways: number
  readonly natGatewaysAZone: number
  readonly interfaceEndpointsAVpc: number
  readonly rulesASecurityGroup: number
  readonly roles: number
  readonly managedPolicies: number
  readonly policiesARole: number
  readonly policiesAGroup: number
  readonly loadBalancers: number
  readonly databases: number
  readonly cacheNodesACluster: number
  readonly stacks: number
}

/**
 * The quotas of a fresh account: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, and for new
 * accounts https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, which says that new accounts have
 * less concurrency and memory. They get 10 concurrent executions, none of which can be reserved, and 3,008 MB.
 */
export const freshAccount: Quotas = {
  lambdaConcurrency: 10,
  lambdaUnreserved: 10,
  lambdaMegabytes: 3_008,
  vpcs: 5,
  elasticAddresses: 5,
  internetGateways: 5,
  natGatewaysAZone: 5,
  interfaceEndpointsAVpc: 50,
  rulesASecurityGroup: 60,
  roles: 1_000,
  managedPolicies: 1_500,
  policiesARole: 10,
  policiesAGroup: 10,
  loadBalancers: 50,
  databases: 40,
  cacheNodesACluster: 90,
  stacks: 2_000,
}

/** The quotas of an account that has been in use for a while. */
export const usedAccount: Quotas = { ...freshAccount, lambdaConcurrency: 1_000, lambdaUnreserved: 100, lambdaMegabytes: 10_240 }
