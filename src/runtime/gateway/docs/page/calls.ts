import { recordOf } from '../../../../domain/record.ts'
import { type Json, resolved } from '../schemas.ts'
import type { Guide } from './guide.ts'
import { escaped, tableHtml } from './html.ts'

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(recordOf) : [])

/** A call of the document. */
export interface Operation {
  readonly path: string
  readonly method: string
  readonly operation: Json
}

/** The calls by group, in the order of the document's tags. */
export function operationsOf(document: Json): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>(list(document.tags).map(({ name }) => [String(name), []]))
  for (const [path, methods] of Object.entries(recordOf(document.paths))) {
    for (const [method, value] of Object.entries(recordOf(methods))) {
      const operation = recordOf(value)
      const [tag] = Array.isArray(operation.tags) ? operation.tags : []
      groups.get(String(tag))?.push({ path, method: method.toUpperCase(), operation })
    }
  }
  // Those that send first: they are what the page is read for.
  for (const calls of groups.values()) calls.sort((a, b) => Number(sends(b)) - Number(sends(a)))
  return groups
}

function sends({ operation }: Operation): boolean {
  return list(operation.parameters).some(({ $ref }) => $ref === '#/components/parameters/IdempotencyKey')
}

/** What the tables of one page are made with. */
interface Page {
  readonly document: Json
  readonly guide: Guide
}

/** A field's type and limits in a few words. */
function kindOf(schema: Json, { document, guide: { words } }: Page): string {
  const { type, enum: values, const: only, minLength, maxLength, minimum, maximum, maxItems, format } = schema
  const items = resolved(document, schema.items)
  const plain = type === 'array' ? `${items.type ?? 'object'}[]` : String(format ?? type ?? 'object')
  const parts = [Array.isArray(values) ? values.join(' | ') : only !== undefined ? String(only) : plain]
  if (maxLength !== undefined) parts.push(`${words.range(String(minLength ?? 0), String(maxLength))} ${words.characters}`)
  if (maximum !== undefined) parts.push(words.range(String(minimum ?? 0), String(maximum)))
  if (maxItems !== undefined) parts.push(words.upTo(String(maxItems)))
  return parts.join(', ')
}

function fieldRows(schema: Json, asked: boolean, page: Page, prefix = ''): string[][] {
  const { document, guide } = page
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  return Object.entries(recordOf(schema.properties)).flatMap(([name, value]) => {
    const field = { ...resolved(document, value), ...(typeof recordOf(value).$ref === 'string' ? {} : recordOf(value)) }
    const description = [
      asked && required.has(name) ? guide.words.required : '',
      guide.translated(String(field.description ?? '')),
    ]
    const row = [`<code>${escaped(prefix + name)}</code>`, escaped(kindOf(field, page)), escaped(description.join(' ').trim())]
    const inner = field.type === 'array' ? resolved(document, field.items) : field
    const place = field.type === 'array' ? `${prefix}${name}[].` : `${prefix}${name}.`
    return inner.properties === undefined ? [row] : [row, ...fieldRows(inner, asked, page, place)]
  })
}

/** @param asked whether a caller sends it: then it is said what must not be missing */
function fieldTable(schema: Json, asked: boolean, page: Page): string {
  const rows = fieldRows(schema, asked, page)
  const { field, type, meaning } = page.guide.words
  return rows.length === 0 ? '' : tableHtml([field, type, meaning], rows)
}

function parameterTable(operation: Json, page: Page): string {
  const parameters = list(operation.parameters).map((one) => resolved(page.document, one))
  const properties = parameters.map(({ name, description, schema }) => [String(name), { ...recordOf(schema), description }])
  const required = parameters.filter(({ required }) => required).map(({ name }) => name)
  return fieldTable({ properties: Object.fromEntries(properties), required }, true, page)
}

function bodyField(type: string, example: unknown, id: string, { words }: Guide): string {
  if (type === '') return ''
  if (type === 'image/jpeg') return `<label>${words.image} <input type="file" accept="image/jpeg"></label>`
  const fields = Object.entries(recordOf(example)).map(([name, value]): [string, string] => [name, String(value)])
  const text = type.includes('form') ? new URLSearchParams(fields).toString() : JSON.stringify(example, null, 2)
  return `<label for="${id}">${words.body}</label><textarea id="${id}" data-type="${escaped(type)}" spellcheck="false">${escaped(text)}</textarea>`
}

/** A form that makes the call in the test environment. It is shown by the script, without which it could not be sent. */
export function tryForm({ path, method, operation }: Operation, { document, guide }: Page, button: string, id: string): string {
  const parameters = list(operation.parameters).map((one) => resolved(document, one))
  const inputs = parameters
    .filter(({ in: place, name }) => place !== 'header' || name === 'Idempotency-Key')
    .map(
      ({ name, in: place }) =>
        `<label>${escaped(name)} <input name="${escaped(name)}" data-in="${escaped(place)}" autocomplete="off"></label>`,
    )
  const [[type = '', media] = []] = Object.entries(recordOf(recordOf(operation.requestBody).content))
  const body = bodyField(type, recordOf(media).example, `${id}-body`, guide)
  return `<form hidden data-path="${escaped(path)}" data-method="${escaped(method)}">${inputs.join('')}${body}<button>${escaped(button)}</button><pre tabindex="0"><output></output></pre></form>`
}

function answerHtml(operation: Json, page: Page): string {
  const { document, guide } = page
  const [[status, value] = []] = Object.entries(recordOf(operation.responses)).filter(([code]) => code.startsWith('2'))
  const answer = recordOf(value)
  const json = recordOf(recordOf(answer.content)['application/json'])
  const example =
    json.example === undefined
      ? ''
      : `<p class="soft">${guide.words.answerExample}</p><pre tabindex="0"><code>${escaped(JSON.stringify(json.example, null, 2))}</code></pre>`
  const heading = `${guide.words.answer} ${escaped(status)}`
  const description = escaped(guide.translated(String(answer.description ?? '')))
  return `<h4>${heading}</h4><p>${description}</p>${fieldTable(resolved(document, json.schema), false, page)}${example}`
}

function errorsHtml(operation: Json, { words }: Guide): string {
  const codes = operation['x-own-problem-codes']
  const links = (Array.isArray(codes) ? codes : []).map(
    (code) => `<a href="#error-${escaped(code)}"><code>${escaped(code)}</code></a>`,
  )
  return `<h4>${words.ownErrors}</h4><p class="codes">${links.join(' ')} ${words.otherErrors}</p>`
}

function callHtml(one: Operation, page: Page): string {
  const { method, path, operation } = one
  const { guide, document } = page
  const id = escaped(operation.operationId)
  const [media] = Object.values(recordOf(recordOf(operation.requestBody).content))
  const body = fieldTable(resolved(document, recordOf(media).schema), true, page)
  const summary = escaped(guide.translated(String(operation.summary ?? '')))
  const inner = `${parameterTable(operation, page)}${body}${answerHtml(operation, page)}${errorsHtml(operation, guide)}${tryForm(one, page, guide.words.tryIt, id)}`
  return `<details class="call" id="${id}"><summary><span class="verb">${escaped(method)}</span> <code>${escaped(path)}</code> <span class="soft">${summary}</span></summary>${inner}</details>`
}

/** Every call, by group. */
export function callsHtml(document: Json, guide: Guide): string {
  const page = { document, guide }
  return [...operationsOf(document)]
    .map(
      ([group, calls]) =>
        `<h3>${escaped(guide.words.groups[group] ?? group)}</h3>${calls.map((one) => callHtml(one, page)).join('')}`,
    )
    .join('')
}
