import { type AwsPlace, callAws, jsonCall, queryCall, type SigningCredentials } from '../../aws/index.ts'
import { recordOf } from '../../domain/record.ts'
import type { QuotaNeed } from './needs.ts'

/** The account and region whose quotas are read. */
export interface QuotaPlace extends AwsPlace {
  readonly region: string
  credentials(): Promise<SigningCredentials>
}

/** A quota of the account beside what the stage needs. */
export interface Quota extends QuotaNeed {
  readonly value: number
  /** What the account has already; undefined: not counted. */
  readonly used: number | undefined
  readonly isEnough: boolean
  /** Requests a sufficient quota from AWS. */
  readonly request: string
}

type Ask = 'GetServiceQuota' | 'GetAWSDefaultServiceQuota'

/**
 * Calls Service Quotas, which only reads here.
 * https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
 */
async function quotaValue(place: QuotaPlace, { service, code }: QuotaNeed, ask: Ask, signal: AbortSignal): Promise<number> {
  const { Quota: found } = await jsonCall(await place.credentials(), {
    service: 'servicequotas',
    region: place.region,
    endpoint: `https://servicequotas.${place.region}.amazonaws.com`,
    target: `ServiceQuotasV20190624.${ask}`,
    body: { ServiceCode: service, QuotaCode: code },
    signal,
  })
  const value = recordOf(found).Value
  if (typeof value === 'number') return value
  throw new Error(`Service Quotas has no value for ${service} ${code}.`)
}

/** A quota that was never changed may have its default only. */
async function currentValue(place: QuotaPlace, need: QuotaNeed, signal: AbortSignal): Promise<number> {
  try {
    return await quotaValue(place, need, 'GetServiceQuota', signal)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchResourceException') throw error
    return quotaValue(place, need, 'GetAWSDefaultServiceQuota', signal)
  }
}

/** The element that each item of a description has once. */
const itemOf = { DescribeVpcs: '<vpcId>', DescribeAddresses: '<publicIp>' } as const

/** Counts what the account has (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html). */
async function countOf(place: QuotaPlace, action: keyof typeof itemOf, signal: AbortSignal): Promise<number> {
  const answer = await queryCall(await place.credentials(), {
    service: 'ec2',
    region: place.region,
    version: '2016-11-15',
    action,
    signal,
  })
  return answer.split(itemOf[action]).length - 1
}

async function readQuota(place: QuotaPlace, need: QuotaNeed, signal: AbortSignal): Promise<Quota> {
  const { counted, needed, service, code } = need
  const [value, used] = await Promise.all([
    callAws(place, 'servicequotas:GetServiceQuota', () => currentValue(place, need, signal)),
    counted === undefined ? undefined : callAws(place, `ec2:${counted}`, () => countOf(place, counted, signal)),
  ])
  const total = Math.ceil((used ?? 0) + needed)
  const isEnough = value >= total
  // AWS accepts a request only above its default, which is larger than what a new account has.
  const least = isEnough
    ? total
    : await quotaValue(place, need, 'GetAWSDefaultServiceQuota', signal).then(
        (standard) => Math.max(total, standard),
        () => total,
      )
  const flags = `--service-code ${service} --quota-code ${code} --desired-value ${least} --region ${place.region}`
  return { ...need, value, used, isEnough, request: `aws service-quotas request-service-quota-increase ${flags}` }
}

/**
 * Reads the quotas that a stage needs. Changes nothing.
 * @throws Problem `aws-…`, such as `aws-denied` without the permission
 */
export function readQuotas(place: QuotaPlace, needs: readonly QuotaNeed[], signal: AbortSignal): Promise<Quota[]> {
  return Promise.all(needs.map((need) => readQuota(place, need, signal)))
}
