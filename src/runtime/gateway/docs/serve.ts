import { type HttpRequest, type HttpResponse, jsonText, single } from '../http/http.ts'
import { placeholderOrigin } from './origin.ts'
import { type Language, languages } from './page/guide.ts'
import type { PublishedDocs } from './published.ts'

const cached = { 'cache-control': 'public, max-age=300' }

/** Scheme and host only. A Host header with anything else does not get into the texts. */
const originPattern = /^https?:\/\/[a-z0-9.-]{1,253}(?::\d{1,5})?$/i

function at(text: string, origin: string): string {
  return originPattern.test(origin) ? text.replaceAll(placeholderOrigin, origin.toLowerCase()) : text
}

function isLanguage(text: string | null | undefined): text is Language {
  return languages.some((language) => language === text)
}

/** The language that the query asks for, else the first of Accept-Language that there is (RFC 9110, section 12.5.4). */
function languageOf({ target, headers }: Pick<HttpRequest, 'target' | 'headers'>): Language {
  const asked = new URLSearchParams(target.split('?')[1] ?? '').get('lang')
  if (isLanguage(asked)) return asked
  const ranges = (single({ headers }, 'accept-language') ?? '').split(',', 20).map((range) => {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
    const quality = Number(/^q=([\d.]{1,5})$/.exec(parameters[0]?.trim() ?? '')?.[1] ?? 1)
    return { language: tag.split('-')[0], quality }
  })
  const [best] = ranges
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ language }) => language)
    .filter(isLanguage)
  return best ?? 'en'
}

function redirect(location: string, status: 302 | 308): HttpResponse {
  return { status, headers: { location, ...cached }, body: '' }
}

/**
 * Answers for the documents of the API.
 * @param path without the query
 * @param origin scheme and host by which customers reach the API
 * @param docs makes the documents; called only when they are asked for
 */
export function docsAnswer(
  request: Pick<HttpRequest, 'target' | 'headers'>,
  path: string,
  origin: string,
  docs: () => PublishedDocs,
): HttpResponse | undefined {
  switch (path) {
    case '/':
      return redirect('docs', 302)
    // The page's links are relative to /docs.
    case '/docs/':
      return redirect('../docs', 308)
    case '/openapi.json':
      return jsonText(200, at(docs().openApi, origin), cached)
    case '/docs': {
      const language = languageOf(request)
      const { page, contentPolicy } = docs()
      return {
        status: 200,
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-language': language,
          vary: 'accept-language',
          ...cached,
          'content-security-policy': contentPolicy,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        },
        body: at(page[language], origin),
      }
    }
    default:
      return undefined
  }
}
