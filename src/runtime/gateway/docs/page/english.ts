import { sandboxNumbers } from '../../../../domain/sandbox.ts'
import type { Guide, Section, Words } from './guide.ts'

const words: Words = {
  title: 'Messaging API',
  description: 'Send SMS, LMS and MMS, and read what became of them.',
  contents: 'Contents',
  skip: 'Skip to the content',
  otherLanguage: '한국어',
  calls: 'All calls',
  callsLead: 'Each form below goes to the test environment, with the key from the top of this page.',
  groups: {
    Messages: 'Messages',
    Images: 'Images',
    Reports: 'Reports',
    'Opt-outs': 'Opt-outs',
    Quota: 'Quota',
    Tokens: 'Tokens',
  },
  field: 'Field',
  type: 'Type',
  meaning: 'Meaning',
  required: 'Required.',
  upTo: (most) => `up to ${most}`,
  range: (least, most) => `${least} to ${most}`,
  characters: 'characters',
  answer: 'Answer',
  answerExample: 'Example',
  ownErrors: 'Errors of this call',
  otherErrors: 'and those of <a href="#errors">every call</a>.',
  again: 'Repeat?',
  yes: 'yes',
  no: 'no',
  todo: 'What to do',
  errorGroups: {
    signIn: 'Signing in',
    input: 'What was sent',
    limits: 'Limits and permissions',
    service: 'The service',
  },
  digits: 'Last four digits',
  outcome: 'What happens',
  copy: 'Copy',
  keyLabel: 'Your key (ID:PW:API_KEY)',
  schemeLabel: 'Scheme of the key',
  check: 'Check the key',
  send: 'Send it',
  tryIt: 'Try it in the test environment',
  body: 'Body',
  image: 'JPEG image',
  script: {
    copied: 'Copied',
    parts: 'A key has three parts, separated by colons: ID:PW:API_KEY.',
    liveKey: 'That is a live key. These forms take keys of the test environment only: ak_test_…',
    good: 'The key works.',
    customer: 'Customer',
    left: 'left',
    wrongScheme: 'If your key has a different scheme, select it above and check again.',
    noAnswer: 'No answer',
    noKey: 'Enter your test key under “Check your key” first.',
    insecure: 'The browser signs on HTTPS pages only. Use one of the samples to check a key of the scheme hmac.',
  },
}

const sections: readonly Section[] = [
  {
    id: 'start',
    title: 'Start here',
    html: `<p class="lead">Send a first message in five minutes: check your key, copy a sample, run it. The test environment behaves like the live one, sends nothing and costs nothing.</p>
<div class="wide"><table><thead><tr><th scope="col">Environment</th><th scope="col">Base URL</th><th scope="col">Keys</th><th scope="col">Notes</th></tr></thead><tbody>
<tr><td>Test</td><td><code>https://api.example.com/test</code></td><td><code>ak_test_…</code></td><td>sends nothing, and has limits of its own</td></tr>
<tr><td>Live</td><td><code>https://api.example.com</code></td><td><code>ak_live_…</code></td><td>sends, and costs money</td></tr></tbody></table></div>
<p>To go live, remove <code>/test</code> from the URL and use a live key. Nothing else changes. The API takes and answers JSON in UTF-8 over HTTPS. The machine-readable description is <a href="openapi.json">openapi.json</a> (OpenAPI 3.1): code generators, Postman and other tools import it.</p>`,
  },
  {
    id: 'key',
    title: 'Check your key',
    html: `<p>You got a key in three parts: <code>ID:PW:API_KEY</code>. <code>ID</code> names you, <code>PW</code> is the secret, and <code>API_KEY</code> names the key. Checking it reads your limits (<code>GET /v1.0/quota</code>) and costs nothing. The key stays in this page: it is not stored, and goes to this API only.</p>{key-form}`,
  },
  {
    id: 'first',
    title: 'Your first message',
    html: `<p>Save your test key as a variable, and run one of the samples:</p>
<pre tabindex="0"><code>export APIGW_CREDENTIALS='ID:PW:API_KEY'</code></pre>
{samples:send}
<p>The answer is <code>202</code> with the <code>id</code> of the message: it will be sent. Run it a second time: the <code>Idempotency-Key</code> is the same, so the answer is that of the first call, and no second message is sent.</p>
<p>Or send it from here, with the key above:</p>{send-form}`,
  },
  {
    id: 'sign-in',
    title: 'Sign in',
    html: `<p>A key has one scheme, which your provider chose when it issued the key.</p>
<h3 id="basic">Basic</h3>
<p>Send <code>Authorization: Basic</code> and the base64 of <code>ID:PW:API_KEY</code>, as in the samples above.</p>
<h3 id="jwt">JWT</h3>
<p>Get a token with <code>POST /v1.0/token</code> (OAuth 2.0 client credentials, signed in with Basic), and send it as <code>Authorization: Bearer</code>. It is valid for 15 minutes: get a new one a minute before it ends, or when a call answers <a href="#error-token-expired"><code>token-expired</code></a>.</p>
{samples:token}
<h3 id="hmac">HMAC</h3>
<p>The secret never travels. Each call is signed by HTTP Message Signatures (RFC 9421, <code>hmac-sha256</code>). The signature covers <code>@method</code>, <code>@target-uri</code> (the whole URL with its query) and <code>content-digest</code> (RFC 9530, <code>sha-256</code>; for a call without a body, that of nothing). <code>created</code> may differ from the time here by five minutes, and a <code>nonce</code> is accepted once: sign every call anew, also when you repeat it.</p>
{samples:sign}`,
  },
  {
    id: 'repeat',
    title: 'Repeat safely',
    html: `<p>A call can time out after it was carried out. Give every sending call an <code>Idempotency-Key</code> of your own, such as the number of an order: up to 255 characters. Then repeat the call with the same key and the same body until it answers. It is carried out once, and <code>Idempotency-Replayed: true</code> marks an answer that was given before.</p>
<ul><li>Repeat after a timeout, a lost connection, and every error with <code>"retryable": true</code>. Wait as long as <code>Retry-After</code> says, else one second, then two, four, and so on, with some chance in it.</li>
<li>The same key with a different body is refused: <a href="#error-idempotency-key-reused"><code>idempotency-key-reused</code></a>.</li>
<li>Programs that group rows into calls, such as one that reads a table, give each message a <code>key</code>. The same key with the same content is sent once, whichever call carries it.</li></ul>`,
  },
  {
    id: 'test',
    title: 'Test what goes wrong',
    html: `<p>In the test environment the last four digits of the recipient select what happens. All other numbers are delivered.</p>{sandbox}`,
  },
  {
    id: 'units',
    title: 'Units, quotas and what they cost',
    html: `<p>An accepted message takes units. One message to one recipient is one unit, unless your provider set more for a type or a destination; the answer then names its <code>units</code>. What a unit costs is in your contract. These take nothing: calls that are refused, repeated calls with the same <code>Idempotency-Key</code>, and reads. Units of messages that are cancelled, or refused when they are due, come back. The test environment has limits of its own, and its units cost nothing.</p>
<p>You can have a limit per second, per day and per month. Days and months are those of your time zone. <code>GET /v1.0/quota</code> shows every limit and costs nothing. Sending calls show them in <code>RateLimit</code> (what is left) and <code>RateLimit-Policy</code> (the limits). Above a limit the answer is <code>429</code> with <code>Retry-After</code>, and nothing was taken. A batch takes units for all its valid messages, or for none.</p>
<p>Reads are limited too: 20 per second, with a burst of 100. To follow many messages, read the <a href="#reports">reports</a> instead of each status.</p>`,
  },
  {
    id: 'sending',
    title: 'What may be sent',
    html: `<h3 id="types">Types and texts</h3>
<p>Leave <code>type</code> out, and it is chosen: <code>sms</code> up to 90 bytes, <code>lms</code> up to 2,000, <code>mms</code> with up to three images from <code>POST /v1.0/media</code>. Hangul takes two bytes a syllable. Characters that phones cannot show are replaced where there is a customary replacement, and the answer shows the text as <code>normalized</code>; others are refused with their position.</p>
<h3 id="senders">Senders</h3>
<p><code>from</code> has to be a number that is registered for you: ask your provider. The test environment takes every sender.</p>
<h3 id="ads">Advertisements and opt-outs</h3>
<p>Mark advertisements with <code>"purpose": "ad"</code>. In Korea they begin with <code>(광고)</code> and the name of the sender, end with a free number for refusals, and are not sent from 21:00 to 08:00. Add recipients who opt out with <code>POST /v1.0/suppressions</code>: they get no advertisement from you any more.</p>
<h3 id="scheduled">Later, and not at all</h3>
<p><code>sendAt</code> sends a message later, up to 30 days ahead: <code>"2026-12-24T09:00:00+09:00"</code>. Until then <code>DELETE /v1.0/messages/{id}</code> cancels it, and its units come back. <code>ttl</code> is the number of seconds after which a message is not worth sending.</p>`,
  },
  {
    id: 'reports',
    title: 'Reports',
    html: `<p><code>GET /v1.0/reports</code> answers what became of your messages, in the order in which it became known. Keep the <code>cursor</code> of each page and ask with it for the next: that acknowledges the page. With <code>wait=20</code> the call waits up to 20 seconds for a report, so a loop costs few calls.</p>
{samples:reports}
<ul><li>A report can come twice, so ignore those that you already have.</li>
<li>A page can be short, or empty, and say <code>"more": true</code>: ask for the next one at once.</li>
<li>Reports are kept for seven days. An older cursor continues with the oldest report that is kept.</li>
<li><code>status</code> is <code>delivered</code>, <code>failed</code>, <code>expired</code>, <code>rejected</code> or <code>cancelled</code>. More may be added: treat one that you do not know as final.</li></ul>`,
  },
  {
    id: 'webhooks',
    title: 'Webhooks',
    html: `<p>A webhook brings events to a URL of yours, as soon as they happen. Your provider sets it up and gives you its secret, <code>whsec_…</code>. Events follow <a href="https://www.standardwebhooks.com" rel="noreferrer">Standard Webhooks</a>, so its libraries verify them, or twenty lines do:</p>
{samples:webhook}
<ul><li>The signature is over <code>webhook-id</code>, <code>webhook-timestamp</code> and the bytes of the body, with dots between them: HMAC-SHA256 under the base64 after <code>whsec_</code>. <code>webhook-signature</code> can have several, separated by spaces, while a secret is replaced: one that fits is enough.</li>
<li>Refuse timestamps that are more than five minutes off, so that a captured event cannot be sent again.</li>
<li>The same <code>webhook-id</code> can come more than once: store it, and ignore it the second time.</li>
<li>Answer <code>2xx</code> within 15 seconds, and do the work afterwards. Other answers are repeated for about a day. <code>410</code> switches the webhook off.</li>
<li>The body is <code>{"type": …, "timestamp": …, "data": …}</code>. For a report, <code>type</code> is <code>message.</code> and its status, such as <code>message.delivered</code>, and <code>data</code> has the fields of the report. Other types are <code>quota.threshold</code> and <code>webhook.test</code>. More may be added: answer <code>2xx</code> for one that you do not know.</li>
<li>The <a href="#reports">reports</a> stay the truth: what a webhook missed is there for seven days.</li></ul>`,
  },
  {
    id: 'errors',
    title: 'Errors',
    html: `<p>An error is <code>application/problem+json</code> (RFC 9457). Programs read <code>code</code> and <code>retryable</code>; people read <code>detail</code>. Quote the <code>requestId</code> when you ask about a call.</p>
<pre tabindex="0"><code>{problem}</code></pre>
<p>A code never changes its meaning. More may be added: for a code that you do not know, do what <code>retryable</code> says. In a batch, each message that was rejected has a <code>problem</code> of its own. <code>POST /v1.0/token</code> answers errors as OAuth defines (<code>error</code>, <code>error_description</code>), with the <code>code</code> beside them.</p>
{codes}`,
  },
  {
    id: 'clients',
    title: 'Clients and tools',
    html: `<p>There are clients for TypeScript (Node 20 or later) and Python (3.9 or later), without dependencies: they sign in by each scheme, add idempotency keys, repeat what may be repeated, iterate over reports, and verify webhooks. Ask your provider for them, and for the Postman collection. For other languages, generate a client from <a href="openapi.json">openapi.json</a>.</p>`,
  },
]

export const english: Guide = {
  language: 'en',
  words,
  sections,
  sandbox: Object.fromEntries(sandboxNumbers.map(({ outcome, does }) => [outcome, does])),
  translated: (text) => text,
}
