import { charsets } from '../../domain/euc-kr.ts'
import { originCodePattern } from '../../domain/sending.ts'
import type { OpenRegistry, Registry } from '../../registry/index.ts'
import { type Ledger, openLedger, openMedia, openQueue } from '../ports/index.ts'
import { choiceFrom, numberFrom, textFrom } from '../process.ts'
import { openProofs } from './authentication/proofs.ts'
import { createGateway, type Observation } from './gateway.ts'
import type { Gateway } from './http/http.ts'
import { defaultRates } from './messages/read-limits.ts'
import { discoverEndpoints } from './versions/endpoints.ts'

export interface OpenedGateway {
  readonly gateway: Gateway
  readonly registry: Registry
  /** Absent: this gateway has no ledger. */
  readonly ledger?: Ledger | undefined
  close(): Promise<void>
}

/** Opens the gateway that the environment variables describe, in a container and on Lambda. */
export async function openGateway(
  observe: (observation: Observation) => void,
  openRegistry: OpenRegistry,
): Promise<OpenedGateway> {
  const { env } = process
  const region = env.AWS_REGION
  const { registry, masterKeys } = await openProofs(openRegistry)
  const queue = openQueue({ endpoint: env.APIGW_SQS_ENDPOINT, region })
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region, table: env.APIGW_LEDGER_TABLE })
  const gateway = createGateway({
    registry,
    queue,
    sandboxQueue: env.APIGW_SANDBOX_QUEUE || undefined,
    ledger,
    media: openMedia({ endpoint: env.APIGW_MEDIA_ENDPOINT, region, bucket: env.APIGW_MEDIA_BUCKET }),
    endpoints: await discoverEndpoints(),
    masterKeys,
    publicOrigin: env.APIGW_PUBLIC_ORIGIN,
    charset: choiceFrom('APIGW_CHARSET', charsets, 'euc-kr'),
    originCode: textFrom('APIGW_ORIGIN_CODE', originCodePattern, 'up to 20 letters and digits'),
    observe,
    readLimits: { readsPerSecond: numberFrom('APIGW_READS_PER_SECOND', defaultRates.readsPerSecond) },
  })
  return {
    gateway,
    registry,
    ledger,
    close: async () => {
      queue.close()
      await registry.close()
    },
  }
}
