import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Local, startLocal } from '../../../../src/dev/local/index.ts'
import { freePort } from '../../../../src/dev/servers/victim.ts'
import { newWebhookSecret, signedHeaders } from '../../../../src/domain/webhook-signature.ts'
import { addCustomer, issueKey } from '../../../../src/operations/customers/index.ts'
import { programPath } from '../../../support/programs.ts'
import { until } from '../../../support/until.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'apigw-docs-'))
const keys: Record<string, string> = {}
let local: Local
let served: string

beforeAll(async () => {
  const onFault = (what: string, error: unknown): void => void process.stderr.write(`${what}: ${String(error)}\n`)
  local = await startLocal({ folder: join(folder, 'data'), port: 0, sqsPort: 0, actor: { who: 'test', from: 'test' }, onFault })
  await addCustomer(local.context, { id: 'acme', quota: { day: 1000 }, queue: 'carrier-a' })
  for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
    keys[scheme] = (await issueKey(local.context, 'acme', { scheme, environment: 'test' })).basic
  }
  keys.live = (await issueKey(local.context, 'acme', { scheme: 'basic', environment: 'live' })).basic
  served = await (await fetch(`${local.gateway}/docs`)).text()
})

afterAll(async () => {
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }

/** A sample as a reader copies it from the page. */
function copied(name: string): string {
  const [, html] = new RegExp(`<code data-sample="${name}">([^<]*)</code>`).exec(served) ?? []
  if (html === undefined) throw new Error(`the page has no sample ${name}`)
  return html.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? '')
}

/** How a sample is run: the program, and the file that it is saved as. */
const runners: Readonly<Record<string, { readonly program: string; readonly file: string }>> = {
  curl: { program: 'bash', file: 'sample.sh' },
  node: { program: process.execPath, file: 'sample.mjs' },
  python: { program: 'python3', file: 'sample.py' },
  java: { program: 'java', file: 'Sample.java' },
  php: { program: 'php', file: 'sample.php' },
}

function isMissing(language: string): string | undefined {
  const needed = language === 'curl' ? 'curl' : (runners[language]?.program ?? '')
  return needed === process.execPath || programPath(needed) !== undefined ? undefined : `${needed} is not installed`
}

/** Saves a sample in a folder of its own. */
function saved(topic: string, language: string): { program: string; path: string; cwd: string } {
  const { program = '', file = '' } = runners[language] ?? {}
  const cwd = join(folder, `${topic}-${language}`)
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, file), copied(`${topic}-${language}`))
  return { program, path: join(cwd, file), cwd }
}

async function output(topic: string, language: string, scheme: string): Promise<string> {
  const { program, path, cwd } = saved(topic, language)
  const env = { ...process.env, APIGW_CREDENTIALS: keys[scheme] }
  const { stdout } = await run(program, [path], { cwd, env, timeout: 50_000 })
  return stdout
}

const idPattern = /[0-9A-HJKMNP-TV-Z]{26}/

describe('the samples of the page', () => {
  const languages = ['curl', 'node', 'python', 'java', 'php']
  const ids = new Map<string, string | undefined>()

  it.for(languages)('send in %s: the same call in each language is one message', async (language, { skip }) => {
    const missing = isMissing(language)
    if (missing !== undefined) return skip(missing)
    const [id] = idPattern.exec(await output('send', language, 'basic')) ?? []
    ids.set(id ?? 'none', language)
    expect([...ids.keys()]).toEqual([expect.stringMatching(idPattern)])
  })

  it('token in curl', async ({ skip }) => {
    if (isMissing('curl')) return skip('curl is not installed')
    expect(await output('token', 'curl', 'jwt')).toContain('"status":"accepted"')
  })

  it.for(languages.slice(1))('sign in %s', async (language, { skip }) => {
    const missing = isMissing(language)
    if (missing !== undefined) return skip(missing)
    expect(await output('sign', language, 'hmac')).toContain('"status":"accepted"')
  })

  it.for(languages)('reports in %s', async (language, { skip }) => {
    const missing = isMissing(language)
    if (missing !== undefined) return skip(missing)
    await fetch(`${local.gateway}/test/v1.0/messages`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(keys.basic ?? '')}`, 'content-type': 'application/json', 'idempotency-key': 'x' },
      body: JSON.stringify({ to: '01012345678', from: '15881234', text: 'Hello' }),
    })
    expect(await output('reports', language, 'basic')).toMatch(/[0-9A-Z]{26}.*delivered/s)
  })

  it.for(languages.slice(1))('webhook in %s takes what is signed, and nothing else', async (language, { skip }) => {
    const missing = isMissing(language)
    if (missing !== undefined) return skip(missing)
    const { program, path, cwd } = saved('webhook', language)
    const port = await freePort()
    const [older, secret] = [newWebhookSecret(), newWebhookSecret()]
    const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret }
    const args = language === 'php' ? ['-S', `127.0.0.1:${port}`, path] : [path]
    const receiver = spawn(program, args, { cwd, env, stdio: 'ignore' })
    const url = `http://127.0.0.1:${port}/`
    const body = '{"type":"message.delivered","data":{"text":"안녕"}}'
    const post = async (changes: Record<string, string> = {}, sent = body, at = Math.floor(Date.now() / 1000)) => {
      // What is sent while a secret is replaced.
      const headers = signedHeaders([older, secret], 'evt_1', at * 1000, body)
      return (await fetch(url, { method: 'POST', headers: { ...headers, ...changes }, body: sent })).status
    }
    try {
      await until(async () => (await post().catch(() => 0)) === 204)
      expect(await post({}, body.replace('안녕', '안녕!'))).toBe(401)
      expect(await post({ 'webhook-id': 'evt_2' })).toBe(401)
      expect(await post({ 'webhook-signature': 'v1,AAAA' })).toBe(401)
      expect(await post({ 'webhook-timestamp': 'soon' })).toBe(401)
      expect(await post({}, body, Math.floor(Date.now() / 1000) - 600)).toBe(401)
    } finally {
      receiver.kill('SIGKILL')
    }
  })

  it('the receiver in docs/webhooks.md takes what is sent, with the library of Standard Webhooks', async () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../../docs/webhooks.md'), 'utf8')
    const [, program = ''] = /```js\n(.*?)```/s.exec(guide) ?? []
    const [port, secret] = [await freePort(), newWebhookSecret()]
    const env = { ...process.env, WEBHOOK_SECRET: secret }
    const args = ['--input-type=module', '-e', program.replace('9000', String(port))]
    const receiver = spawn(process.execPath, args, { env, stdio: 'ignore' })
    const body = '{"type":"message.delivered","data":{"ref":"주문-17"}}'
    const post = async (sent = body) => {
      const headers = signedHeaders([secret], 'evt_1', Date.now(), body)
      return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: sent })).status
    }
    try {
      await until(async () => (await post().catch(() => 0)) === 204)
      expect(await post(`${body} `)).toBe(401)
    } finally {
      receiver.kill('SIGKILL')
    }
  })
})

const executablePath = programPath('chromium') ?? programPath('google-chrome')

describe.skipIf(executablePath === undefined)('in Chromium (needs the Debian package chromium)', () => {
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    // Containers of CI run as root, where Chromium has no sandbox.
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] })
    page = await browser.newPage()
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
  })
  afterAll(() => browser.close())

  const open = async (language: string, width: number, colorScheme: 'light' | 'dark' = 'light') => {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme })
    await page.goto(`${local.gateway}/docs?lang=${language}`)
  }
  const answerOf = async (form: string) => {
    await page.click(`${form} button:not([type=button])`)
    const shown = page.locator(`${form} output`)
    await until(async () => ((await shown.textContent()) ?? '').length > 3)
    return (await shown.textContent()) ?? ''
  }

  it.each([
    ['ko', 390, 'dark'],
    ['ko', 1280, 'light'],
    ['en', 390, 'dark'],
    ['en', 1280, 'light'],
  ] as const)('has no side scrolling and no barrier in %s at %i pixels, %s', async (language, width, colorScheme) => {
    await open(language, width, colorScheme)
    await page.evaluate('for (const call of document.querySelectorAll("details.call")) call.open = true')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    expect(await page.locator('nav.side').isVisible()).toBe(width > 1000)
    await page.evaluate(axe.source)
    const violations: unknown = await page.evaluate(`axe
      .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`)
    expect(violations).toEqual([])
    expect(problems).toEqual([])
  })

  it('checks a key of each scheme, and says what is wrong with one', async () => {
    await open('en', 1280)
    for (const scheme of ['basic', 'hmac', 'jwt']) {
      await page.fill('#credentials', keys[scheme] ?? '')
      await page.selectOption('#scheme', scheme)
      const answer = await answerOf('#check')
      expect(answer, scheme).toContain('The key works.')
      expect(answer).toContain('acme (test)')
      await page.reload()
    }
    await page.fill('#credentials', (keys.basic ?? '').replace(/apigw_test_.{4}/, 'apigw_test_AAAA'))
    expect(await answerOf('#check')).toContain('credentials-invalid')
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe('[{},{},""]')
  })

  it('sends a first message with the keyboard, and refuses a live key', async () => {
    await open('ko', 390)
    await page.fill('#credentials', keys.basic ?? '')
    await page.locator('#first-message-body').press('Tab')
    await page.keyboard.press('Enter')
    const form = 'form[data-path="/v1.0/messages"][data-method=POST]'
    const first = page.locator(form).first().locator('output')
    await until(async () => ((await first.textContent()) ?? '').includes('"accepted"'))
    await page.fill('#credentials', keys.live ?? '')
    await page.locator(form).first().locator('button').click()
    await until(async () => ((await first.textContent()) ?? '').includes('운영 키입니다'))
  })

  it('switches samples with the arrow keys, and opens a call that is linked', async () => {
    await open('en', 1280)
    await page.focus('#send-curl')
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('[data-sample=send-node]').isVisible()).toBe(true)
    expect(await page.locator('[data-sample=reports-node]').isVisible()).toBe(true)
    await page.click('nav.side a[href="#sendBatch"]')
    await until(async () => (await page.locator('#sendBatch').getAttribute('open')) !== null)
    await page.click('header a')
    expect(await page.evaluate('document.documentElement.lang')).toBe('ko')
    expect(problems.filter((text) => !text.includes('401'))).toEqual([])
  })
})
