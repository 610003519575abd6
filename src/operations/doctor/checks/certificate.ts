import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { apigw, step } from '../../../domain/next-step.ts'
import { quantity } from '../../../domain/quantity.ts'
import { recordOf } from '../../../domain/record.ts'
import type { Check } from '../check.ts'

/** ACM renews 60 days before expiry (https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html): at 30 days, renewal has failed. */
const lateDays = 30
const dayMs = 86_400_000
const name = 'certificate'

export interface PeerCertificate {
  /** Milliseconds since 1970. */
  readonly validTo: number
  /** The OpenSSL error code if it is not trusted. */
  readonly fault?: string
}

/** The check of a certificate. */
export function certificateResult(host: string, { validTo, fault }: PeerCertificate, now: number): Check {
  const days = Math.floor((validTo - now) / dayMs)
  const until = new Date(validTo).toISOString().slice(0, 10)
  const renew = step`${apigw('deploy', 'edge')}, and check that the validation record is still in DNS: aws acm describe-certificate`
  if (days < 0) return { name, state: 'fail', detail: `of ${host} expired on ${until}`, fix: renew }
  if (fault !== undefined) {
    return {
      name,
      state: 'fail',
      detail: `of ${host} is not trusted: ${fault}`,
      fix: 'attach a certificate for this name to the load balancer',
    }
  }
  const detail = `of ${host}, until ${until} (${quantity(days, 'day')})`
  return days < lateDays
    ? { name, state: 'warn', detail: `${detail}, not renewed yet`, fix: renew }
    : { name, state: 'ok', detail }
}

/** @param ca an additional trusted CA, for tests */
async function readCertificate(
  host: string,
  port: number,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    // An untrusted certificate must be readable too, to be reported.
    const named = isIP(host) === 0 && { servername: host }
    const socket = connect({ host, port, ...named, rejectUnauthorized: false, ...(ca !== undefined && { ca }) })
    const stop = (): void => void socket.destroy(new Error('no answer in time'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      const { valid_to } = socket.getPeerCertificate()
      const { authorized, authorizationError } = socket
      signal.removeEventListener('abort', stop)
      socket.end()
      const fault = authorized ? undefined : String(recordOf(authorizationError).code ?? authorizationError)
      resolve({ validTo: Date.parse(valid_to), ...(fault !== undefined && { fault }) })
    })
  })
}

/** Checks the certificate of a gateway; returns no check for a gateway without TLS. */
export async function checkCertificate(gateway: string, signal: AbortSignal, ca?: string): Promise<Check[]> {
  const { protocol, hostname, port } = new URL(gateway)
  if (protocol !== 'https:') return []
  try {
    const certificate = await readCertificate(hostname, port === '' ? 443 : Number(port), signal, ca)
    return [certificateResult(hostname, certificate, Date.now())]
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const fix = step`check that the name resolves to the load balancer (${apigw('outputs', 'edge')}), and that port 443 is open`
    return [{ name, state: 'fail', detail: `${hostname} does not accept TLS connections: ${why}`, fix }]
  }
}
