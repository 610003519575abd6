import type { Check } from '../check.ts'
import { clockCheck } from '../checks/clock.ts'
import type { Account } from './account.ts'

/** Compares the local clock with AWS's, which verifies signatures. Every response of AWS has a Date header, even an error. */
export async function checkAwsClock({ region }: Account, signal: AbortSignal): Promise<Check[]> {
  const { AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL } = process.env
  const url = AWS_ENDPOINT_URL_STS ?? AWS_ENDPOINT_URL ?? `https://sts.${region}.amazonaws.com`
  const ask = async (): Promise<number> => {
    const { headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    const date = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(date)) throw new Error(`${url} sent no Date header`)
    // The header has whole seconds, rounded down.
    return date + 500
  }
  return [await clockCheck('clock aws', "AWS's", ask)]
}
