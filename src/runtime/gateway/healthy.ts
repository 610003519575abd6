import { numberFrom } from '../process.ts'

/** What a container is asked whether it is well: ends with 0 if the gateway beside it answers. An image needs no curl for it. */
const url = `http://127.0.0.1:${numberFrom('APIGW_PORT', 8080)}/healthz`
const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
process.exit(answer?.ok ? 0 : 1)
