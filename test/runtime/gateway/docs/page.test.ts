import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { problemTable } from '../../../../src/domain/problem.ts'
import { openApi } from '../../../../src/runtime/gateway/docs/openapi.ts'
import { helpOf } from '../../../../src/runtime/gateway/docs/page/errors.ts'
import { koreanTexts } from '../../../../src/runtime/gateway/docs/page/korean-texts.ts'
import { contentPolicy, docsPage } from '../../../../src/runtime/gateway/docs/page/page.ts'
import { codesOf, customerCodes, everyCall, signingIn, wrongAddress } from '../../../../src/runtime/gateway/docs/problems.ts'
import { publishedDocs } from '../../../../src/runtime/gateway/docs/published.ts'
import { docsAnswer } from '../../../../src/runtime/gateway/docs/serve.ts'
import { endpoint } from '../../../../src/runtime/gateway/versions/endpoint.ts'
import { discoverEndpoints } from '../../../../src/runtime/gateway/versions/endpoints.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { startSqs } from '../../../support/sqs.ts'
import { startWorld } from '../../../support/world.ts'

const mounted = await discoverEndpoints()
const document = openApi(mounted)
const pages = { en: docsPage(document, 'en'), ko: docsPage(document, 'ko') }

describe.each(['en', 'ko'] as const)('the page in %s', (language) => {
  const page = pages[language]

  it('is complete without a script, and loads only its own parts', () => {
    for (const { path } of mounted) expect(page).toContain(`<code>${path}</code>`)
    for (const digits of ['0002', '0003', '0004', '0005', '0006']) expect(page).toContain(`…${digits}`)
    expect(page).toContain(`<html lang="${language}">`)
    expect(page.match(/<(?:script|link|img|iframe)[^>]+(?:src|href)=/g)).toBeNull()
    expect(page.match(/<[^>]* (?:on[a-z]+|style)=/g)).toBeNull()
    expect(page.match(/\{(?:samples:\w+|key-form|send-form|sandbox|problem|codes)\}/g)).toBeNull()
  })

  it('links only to places that it has, each of which is there once', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids).toHaveLength(new Set(ids).size)
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    expect(links.filter((id) => !ids.includes(id))).toEqual([])
  })

  it('explains every code that a customer can meet, and no other', () => {
    const explained = [...page.matchAll(/id="error-([^"]+)"/g)].map(([, code]) => code)
    expect(explained.toSorted()).toEqual([...customerCodes].sort())
    for (const code of customerCodes) {
      const { title, why, todo } = helpOf(code, language)
      for (const text of [title, why, todo]) expect(text.length, code).toBeGreaterThan(4)
    }
    for (const hidden of ['registry-corrupt', 'master-key-missing', 'client-closed']) expect(page).not.toContain(hidden)
  })

  it('shows every text of an endpoint as plain text', () => {
    const hostile = '"><script>alert(1)</script>'
    const evil = endpoint({
      method: 'POST',
      path: `/x${hostile}`,
      name: hostile,
      summary: hostile,
      body: z.object({ [hostile]: z.string().meta({ description: hostile, example: hostile }) }),
      answers: { 200: { description: hostile, schema: z.object({ [hostile]: z.literal(hostile) }) } },
      handle: async () => ({ status: 200, headers: {}, body: '' }),
    })
    const shown = docsPage(openApi([{ path: `/v1.0/x${hostile}`, endpoint: evil }]), language)
    expect(shown).not.toContain('<script>alert')
    expect(shown).toContain('&lt;script&gt;')
  })
})

it('every text of the description that the page shows has a translation', () => {
  const shown = pages.en.replaceAll(/&(?:quot|#39|amp);/g, (entity) => ({ '&quot;': '"', '&#39;': "'" })[entity] ?? '&')
  const texts = [...JSON.stringify(document).matchAll(/"(?:description|summary)":("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) =>
    String(JSON.parse(text)),
  )
  const missing = [...new Set(texts)].filter((text) => shown.includes(text) && !Object.hasOwn(koreanTexts, text))
  // Words of the page itself.
  expect(missing.filter((text) => !['Every limit', 'Your own name'].includes(text))).toEqual([])
  expect(Object.keys(koreanTexts).filter((text) => !texts.includes(text))).toEqual([])
})

it('every code belongs to a group: all calls, signing in, a wrong address, or calls that name it', () => {
  const known = new Set([...everyCall, ...signingIn, ...wrongAddress, ...mounted.flatMap(({ endpoint: one }) => codesOf(one))])
  expect(customerCodes.filter((code) => !known.has(code))).toEqual([])
  expect(customerCodes.every((code) => problemTable[code].status >= 400)).toBe(true)
})

describe('the public paths', () => {
  const docs = publishedDocs(mounted, 'euc-kr')
  const ask = (target: string, headers: Record<string, string> = {}, origin = 'https://api.acme.test') => {
    const request = { target, headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])) }
    return docsAnswer(request, target.split('?')[0] ?? '', origin, () => docs)
  }

  it('lead to the page', () => {
    expect(ask('/')).toMatchObject({ status: 302, headers: { location: 'docs' } })
    expect(ask('/docs/')).toMatchObject({ status: 308, headers: { location: '../docs' } })
    expect(ask('/nowhere')).toBeUndefined()
  })

  it('serve the page with a policy that allows only what is in it', () => {
    const policy = ask('/docs')?.headers['content-security-policy']
    expect(policy).toBe(contentPolicy)
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  })

  it.each([
    ['/docs', {}, 'en'],
    ['/docs', { 'accept-language': 'ko-KR,ko;q=0.9,en;q=0.8' }, 'ko'],
    ['/docs', { 'accept-language': 'en;q=0.5, ko' }, 'ko'],
    ['/docs', { 'accept-language': 'ko;q=0, fr, en;q=0.1' }, 'en'],
    ['/docs', { 'accept-language': ',;;q=,*' }, 'en'],
    ['/docs?lang=ko', { 'accept-language': 'en' }, 'ko'],
    ['/docs?lang=xx', { 'accept-language': 'ko' }, 'ko'],
  ] as const)('answer %s with %o in %s', (target, headers, language) => {
    expect(ask(target, headers)?.headers).toMatchObject({ 'content-language': language, vary: 'accept-language' })
  })

  it('name the address of this API, and nothing that a Host header makes up', () => {
    expect(ask('/openapi.json')?.body).toContain('"https://api.acme.test/test"')
    expect(ask('/docs')?.body).not.toContain('api.example.com')
    for (const hostile of ['https://x"><script>', 'https://a b', 'https://', 'javascript://x']) {
      expect(ask('/docs', {}, hostile)?.body).toBe(docs.page.en)
      expect(ask('/openapi.json', {}, hostile)?.body).toBe(docs.openApi)
    }
  })
})

it('a new version is served and documented without any other change', async () => {
  const folder = temporaryFolder()
  const source = new URL('../../../../src/runtime/gateway/versions/endpoint.ts', import.meta.url).href
  mkdirSync(join(folder, 'v2.0'))
  writeFileSync(
    join(folder, 'v2.0', 'ping.ts'),
    `import { endpoint } from '${source}'
export default endpoint({ method: 'GET', path: '/ping', summary: 'Say pong', answers: { 200: { description: 'pong' } },
  handle: async (call) => ({ status: 200, headers: {}, body: JSON.stringify({ pong: call.environment }) }) })`,
  )
  const endpoints = [...mounted, ...(await discoverEndpoints(pathToFileURL(`${folder}/`)))]
  const sqs = await startSqs()
  const world = await startWorld({ endpoint: sqs.endpoint, endpoints })
  expect((await world.call('/v2.0/ping')).body).toEqual({ pong: 'live' })
  expect(Object.keys(Object((await world.call('/openapi.json')).body.paths))).toContain('/v2.0/ping')
  const page = await fetch(`${world.listening.url}/`)
  expect(page.url).toBe(`${world.listening.url}/docs`)
  expect(page.headers.get('content-type')).toContain('text/html')
  const text = await page.text()
  expect(text).toContain('/v2.0/ping')
  expect(text).toContain(`${world.listening.url}/test/v1.0/messages`)
  expect((await world.post()).status).toBe(202)
  await sqs.stop()
})
