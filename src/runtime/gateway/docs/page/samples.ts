import type { Words } from './guide.ts'
import { escaped } from './html.ts'
import { reportSamples } from './samples/reports.ts'
import { sendSamples } from './samples/send.ts'
import { signSamples } from './samples/sign.ts'
import { webhookSamples } from './samples/webhook.ts'

const languageNames: Readonly<Record<string, string>> = {
  curl: 'curl',
  node: 'Node',
  python: 'Python',
  java: 'Java',
  php: 'PHP',
}

const token = {
  curl: `TOKEN=$(curl --silent --user "$APIGW_CREDENTIALS" https://api.example.com/test/v1.0/token \\
  --data grant_type=client_credentials | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl --header "Authorization: Bearer $TOKEN" https://api.example.com/test/v1.0/messages \\
  --header 'Content-Type: application/json' \\
  --header 'Idempotency-Key: order-19' \\
  --data '{"to":"010-1234-5678","from":"1588-1234","text":"Hello"}'
`,
}

/** Programs by topic and language. Tests run them as they are. */
export const samples: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  send: sendSamples,
  token,
  sign: signSamples,
  reports: reportSamples,
  webhook: webhookSamples,
}

/** The programs of a topic, one shown at a time. Radio buttons switch them: that needs no script, and works with the keyboard. */
export function samplesHtml(topic: string, words: Words): string {
  const programs = Object.entries(samples[topic] ?? {})
  const choices = programs.map(([language], at) => {
    const id = `${topic}-${language}`
    const name = escaped(languageNames[language] ?? language)
    return `<input type="radio" name="${topic}" id="${id}" value="${language}"${at === 0 ? ' checked' : ''}><label for="${id}">${name}</label>`
  })
  const panels = programs.map(
    ([language, program]) =>
      `<div class="panel"><button type="button" class="copy" hidden>${words.copy}</button><pre tabindex="0"><code data-sample="${topic}-${language}">${escaped(program)}</code></pre></div>`,
  )
  return `<div class="tabs">${choices.join('')}${panels.join('')}</div>`
}
