// Sends a batch, and sends it again until the gateway has answered. The Idempotency-Key makes that safe: each message is
// sent once, and the answer is the same.
import { setTimeout as sleep } from 'node:timers/promises'

const { APIGW_URL, APIGW_CREDENTIALS = '' } = process.env
const maxAttempts = 5

async function sendBatch(key, batch) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${APIGW_URL}/v1.0/messages/batch`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(APIGW_CREDENTIALS).toString('base64')}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(30_000),
    }).catch((error) => ({ error }))
    if (!('error' in response)) {
      const answer = await response.json()
      if (response.ok || !answer.retryable || attempt === maxAttempts) return answer
    } else if (attempt === maxAttempts) throw response.error
    const seconds = 'error' in response ? 1 : Number(response.headers.get('retry-after') ?? 1)
    await sleep(seconds * 1000)
  }
}

const answer = await sendBatch(process.argv[2] ?? 'newsletter-48', {
  defaults: { from: '1588-1234' },
  messages: [
    { to: '010-1234-5678', text: 'Doors open at seven.', ref: 'guest-1' },
    { to: '010-2345-6789', text: 'Doors open at seven.', ref: 'guest-2' },
    { to: 'not a number', text: 'Doors open at seven.', ref: 'guest-3' },
  ],
})
console.log(JSON.stringify(answer, null, 2))
