import { hash } from 'node:crypto'
import { recordOf } from '../../../../domain/record.ts'
import { sandboxNumbers } from '../../../../domain/sandbox.ts'
import type { Json } from '../schemas.ts'
import { callsHtml, operationsOf, tryForm } from './calls.ts'
import { english } from './english.ts'
import { errorsHtml } from './errors.ts'
import type { Guide, Language } from './guide.ts'
import { escaped, tableHtml } from './html.ts'
import { korean } from './korean.ts'
import { samplesHtml } from './samples.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const guides: Readonly<Record<Language, Guide>> = { en: english, ko: korean }

const problemExample = {
  type: 'urn:apigw:problem:invalid-request',
  title: 'The request has invalid fields',
  status: 400,
  detail: '/to: is not a telephone number',
  code: 'invalid-request',
  retryable: false,
  requestId: '01K9Z6W3M7Q2X8V4',
  errors: [{ pointer: '/to', detail: 'is not a telephone number' }],
}

function keyForm({ words }: Guide): string {
  const schemes = ['basic', 'jwt', 'hmac'].map((scheme) => `<option>${scheme}</option>`).join('')
  return `<form id="check" hidden><label for="credentials">${words.keyLabel}</label><input id="credentials" type="password" autocomplete="off" spellcheck="false"><label for="scheme">${words.schemeLabel}</label><select id="scheme">${schemes}</select><button>${words.check}</button><pre tabindex="0"><output></output></pre></form>`
}

function sendForm(document: Json, guide: Guide): string {
  const sending = [...operationsOf(document).values()].flat().find(({ operation }) => operation.operationId === 'sendMessage')
  return sending === undefined ? '' : tryForm(sending, { document, guide }, guide.words.send, 'first-message')
}

function sandboxHtml({ words, sandbox }: Guide): string {
  const rows = sandboxNumbers.map(({ digits, outcome }) => [`<code>…${digits}</code>`, escaped(sandbox[outcome] ?? outcome)])
  return tableHtml([words.digits, words.outcome], rows)
}

/** The sections, with what the page puts into their places. */
function guideHtml(document: Json, guide: Guide): string {
  const parts: Readonly<Record<string, () => string>> = {
    'key-form': () => keyForm(guide),
    'send-form': () => sendForm(document, guide),
    sandbox: () => sandboxHtml(guide),
    problem: () => escaped(JSON.stringify(problemExample, null, 2)),
    codes: () => errorsHtml(guide),
  }
  const filled = (html: string): string =>
    html.replaceAll(/\{(?:samples:(\w+)|(key-form|send-form|sandbox|problem|codes))\}/g, (_, topic?: string, part = '') =>
      topic === undefined ? (parts[part]?.() ?? '') : samplesHtml(topic, guide.words),
    )
  return guide.sections.map(({ id, title, html }) => `<section><h2 id="${id}">${title}</h2>${filled(html)}</section>`).join('\n')
}

function navHtml(document: Json, { sections, words }: Guide): string {
  const parts = sections.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`)
  const calls = [...operationsOf(document).values()]
    .flat()
    .map(
      ({ method, operation: { operationId } }) =>
        `<li><a href="#${escaped(operationId)}"><span class="verb">${escaped(method)}</span> ${escaped(operationId)}</a></li>`,
    )
  return `<ul>${parts.join('')}</ul><p>${words.calls}</p><ul class="calls">${calls.join('')}</ul>`
}

const digestOf = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`

/** What the page may load and run: its own style and script, and calls to its own origin. */
export const contentPolicy = [
  "default-src 'none'",
  `style-src ${digestOf(style)}`,
  `script-src ${digestOf(script)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The page for customers: where to start, and the description of every call. It is complete without scripts, and loads nothing
 * from other hosts.
 * @param document the OpenAPI document
 */
export function docsPage(document: Json, language: Language = 'en'): string {
  const guide = guides[language]
  const { words } = guide
  const other: Language = language === 'en' ? 'ko' : 'en'
  const { version } = recordOf(document.info)
  const nav = navHtml(document, guide)
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${words.title}</title><meta name="description" content="${words.description}"><style>${style}</style></head>
<body data-words="${escaped(JSON.stringify(words.script))}"><a class="skip" href="#content">${words.skip}</a>
<header><p class="name">${words.title} <span class="soft">${escaped(version)}</span></p><a href="?lang=${other}" hreflang="${other}" lang="${other}">${words.otherLanguage}</a></header>
<div class="columns"><nav class="side" aria-label="${words.contents}">${nav}</nav>
<main id="content"><h1>${words.title}</h1><p class="lead">${words.description}</p>
<details class="menu"><summary>${words.contents}</summary>${nav}</details>
${guideHtml(document, guide)}
<section><h2 id="calls">${words.calls}</h2><p>${words.callsLead}</p>${callsHtml(document, guide)}</section>
</main></div><script>${script}</script></body></html>`
}
