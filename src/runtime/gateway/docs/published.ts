import type { Charset } from '../../../domain/euc-kr.ts'
import type { Mounted } from '../versions/endpoints.ts'
import { openApi } from './openapi.ts'
import type { Language } from './page/guide.ts'
import { contentPolicy, docsPage } from './page/page.ts'

/** What customers read about the API, as text with the placeholder's address in it. */
export interface PublishedDocs {
  readonly openApi: string
  readonly page: Readonly<Record<Language, string>>
  readonly contentPolicy: string
}

/**
 * Makes the documents of these endpoints. In a bundle, scripts/bundle.ts replaces this module with what it made: the texts take
 * less than the code that makes them.
 */
export function publishedDocs(mounted: readonly Mounted[], charset: Charset): PublishedDocs {
  const document = openApi(mounted, charset)
  return {
    openApi: JSON.stringify(document),
    page: { en: docsPage(document, 'en'), ko: docsPage(document, 'ko') },
    contentPolicy,
  }
}
