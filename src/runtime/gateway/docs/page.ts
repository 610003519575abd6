import { hash } from 'node:crypto'
import { problemTable } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import { sandboxNumbers } from '../../../domain/sandbox.ts'
import type { HttpResponse } from '../http/http.ts'
import { script } from './script.ts'
import { style } from './style.ts'

type Json = Readonly<Record<string, unknown>>

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(value: unknown): string {
  return String(value ?? '').replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '')
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(recordOf) : [])

/** A field's type and limits in a few words. */
function kindOf(schema: Json): string {
  const { type, enum: values, const: only, minLength, maxLength, minimum, maximum, maxItems } = schema
  const words = [Array.isArray(values) ? values.join(' | ') : only !== undefined ? String(only) : String(type ?? 'string')]
  if (maxLength !== undefined) words.push(`${minLength ?? 0} to ${maxLength} characters`)
  if (maximum !== undefined && Number(maximum) < Number.MAX_SAFE_INTEGER) words.push(`${minimum ?? 0} to ${maximum}`)
  if (maxItems !== undefined) words.push(`up to ${maxItems}`)
  return words.join(', ')
}

function fieldRows(schema: Json, asked: boolean, prefix = ''): string[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  return Object.entries(recordOf(schema.properties)).flatMap(([name, value]) => {
    const field = recordOf(value)
    const description = [asked && required.has(name) ? 'Required.' : '', field.description ?? ''].join(' ').trim()
    const row = `<tr><td><code>${escaped(prefix + name)}</code></td><td>${escaped(kindOf(field))}</td><td>${escaped(description)}</td></tr>`
    const items = recordOf(field.items)
    return items.properties === undefined ? [row] : [row, ...fieldRows(items, asked, `${prefix}${name}[].`)]
  })
}

/** @param asked whether a caller sends it: then it is said what must not be missing */
function fieldTable(schema: Json, asked: boolean): string {
  const rows = fieldRows(schema, asked)
  if (rows.length === 0) return ''
  return `<div class="wide"><table><thead><tr><th>Field</th><th>Type</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

const tried: Readonly<Record<string, unknown>> = {
  to: '010-1234-5678',
  from: '1588-1234',
  text: 'Hello',
  grant_type: 'client_credentials',
}

/** Something that can be sent as it stands. */
function exampleOf(schema: Json): unknown {
  // What is required unless a condition holds belongs to the usual body.
  const required = [schema, recordOf(schema.else)].flatMap(({ required: names }) =>
    Array.isArray(names) ? names.map(String) : [],
  )
  return Object.fromEntries(
    required.map((name) => {
      const field = recordOf(recordOf(schema.properties)[name])
      const items = recordOf(field.items)
      if (field.type !== 'array') return [name, tried[name] ?? field.example ?? field.const ?? '']
      return [name, [items.properties === undefined ? (items.example ?? '') : exampleOf(items)]]
    }),
  )
}

function formText(example: unknown): string {
  const fields = Object.entries(recordOf(example)).map(([name, value]): [string, string] => [name, String(value)])
  return new URLSearchParams(fields).toString()
}

function formOf(path: string, method: string, operation: Json): string {
  const inputs = list(operation.parameters)
    .filter(({ in: place }) => place === 'path' || place === 'query')
    .map(({ name, in: place }) => `<label>${escaped(name)} <input name="${escaped(name)}" data-in="${escaped(place)}"></label>`)
  const [[type = '', content] = []] = Object.entries(recordOf(recordOf(operation.requestBody).content))
  const schema = recordOf(recordOf(content).schema)
  const example = exampleOf(schema)
  const text = type.includes('form') ? formText(example) : JSON.stringify(example, null, 2)
  const body =
    type === ''
      ? ''
      : type === 'image/jpeg'
        ? '<label>JPEG image <input type="file" accept="image/jpeg"></label>'
        : `<label>Body <textarea data-type="${escaped(type)}" spellcheck="false">${escaped(text)}</textarea></label>`
  return `<form hidden data-path="${escaped(path)}" data-method="${method.toUpperCase()}">${inputs.join('')}${body}<button>Try it in the test environment</button><pre><output class="soft">The answer appears here.</output></pre></form>`
}

function operationHtml(path: string, method: string, operation: Json): string {
  const parameters = list(operation.parameters).filter((parameter) => parameter.name !== undefined)
  const asked = fieldTable(
    {
      properties: Object.fromEntries(
        parameters.map(({ name, description, schema }) => [String(name), { ...recordOf(schema), description }]),
      ),
      required: parameters.filter(({ required }) => required).map(({ name }) => name),
    },
    true,
  )
  const [content] = Object.values(recordOf(recordOf(operation.requestBody).content))
  const answers = Object.entries(recordOf(operation.responses)).filter(([status]) => !status.endsWith('XX'))
  const shown = answers.map(([status, value]) => {
    const answer = recordOf(value)
    const [json] = Object.values(recordOf(answer.content))
    return `<h3>${escaped(status)} <span class="soft">${escaped(answer.description)}</span></h3>${fieldTable(recordOf(recordOf(json).schema), false)}`
  })
  return `<section><h2 id="${escaped(operation.operationId)}"><span class="verb">${method.toUpperCase()}</span> <code>${escaped(path)}</code></h2><p>${escaped(operation.summary)}</p>${asked}${fieldTable(recordOf(recordOf(content).schema), true)}${shown.join('')}${formOf(path, method, operation)}</section>`
}

/** The codes that the API can answer with. */
function problemRows(): string {
  const rows = Object.entries(problemTable).filter(([, { status }]) => status !== undefined)
  return rows
    .map(
      ([code, { status, retryable, title }]) =>
        `<tr><td>${status}</td><td><code>${escaped(code)}</code></td><td>${escaped(title)}</td><td>${retryable ? 'yes' : 'no'}</td></tr>`,
    )
    .join('')
}

function bodyHtml(document: Json): string {
  const info = recordOf(document.info)
  const operations = Object.entries(recordOf(document.paths)).flatMap(([path, methods]) =>
    Object.entries(recordOf(methods)).map(([method, operation]) => ({ path, method, operation: recordOf(operation) })),
  )
  const links = operations.map(
    ({ path, method, operation }) =>
      `<li><a href="#${escaped(operation.operationId)}"><span class="verb">${method.toUpperCase()}</span> ${escaped(path)}</a> <span class="soft">${escaped(operation.summary)}</span></li>`,
  )
  const numbers = sandboxNumbers.map(({ digits, does }) => `<tr><td><code>…${digits}</code></td><td>${escaped(does)}</td></tr>`)
  return `<header><h1>${escaped(info.title)}</h1><p>${escaped(info.description)}</p>
<p>Sign in with <code>Authorization: Basic base64(ID:PW:API_KEY)</code>, a bearer token or an HTTP message signature. Put <code>/test</code> in front of a path to use the test environment. The whole description: <a href="/openapi.json">openapi.json</a>.</p>
<form hidden><label for="credentials">Test key (ID:PW:API_KEY); it stays in this page and is never stored</label><input id="credentials" type="password" autocomplete="off"></form>
<nav aria-label="Calls"><ul>${links.join('')}</ul></nav></header><main>
${operations.map(({ path, method, operation }) => operationHtml(path, method, operation)).join('')}
<h2 id="sandbox">The test environment</h2><p>Nothing is sent. The last four digits of the recipient choose what happens; any other number is delivered.</p>
<div class="wide"><table><tbody>${numbers.join('')}</tbody></table></div>
<h2 id="problems">Problems</h2><p>Errors are <code>application/problem+json</code> (RFC 9457). <code>code</code> never changes its meaning.</p>
<div class="wide"><table><thead><tr><th>Status</th><th>Code</th><th></th><th>Again?</th></tr></thead><tbody>${problemRows()}</tbody></table></div>
</main><footer></footer>`
}

const digestOf = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`

/** The API's description as a page. It is complete without scripts, and loads nothing from other hosts. */
export function docsPage(document: Json): HttpResponse {
  const title = escaped(recordOf(document.info).title)
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${style}</style></head><body>${bodyHtml(document)}<script>${script}</script></body></html>`
  const policy = [
    "default-src 'none'",
    `style-src ${digestOf(style)}`,
    `script-src ${digestOf(script)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'content-security-policy': policy.join('; '),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
    body,
  }
}
