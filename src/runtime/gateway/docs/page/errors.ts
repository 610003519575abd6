import { problemTable } from '../../../../domain/problem.ts'
import { type CustomerCode, customerCodes, everyCall, signingIn, wrongAddress } from '../problems.ts'
import { englishHelp } from './english-help.ts'
import type { Guide, Words } from './guide.ts'
import { escaped } from './html.ts'
import { koreanHelp } from './korean-help.ts'
import type { TitledHelp } from './problem-help.ts'

/** What a code says to people, in a language. */
export function helpOf(code: CustomerCode, language: Guide['language']): TitledHelp {
  return language === 'ko' ? koreanHelp[code] : { ...englishHelp[code], title: problemTable[code].title }
}

function groupOf(code: CustomerCode): keyof Words['errorGroups'] {
  if (signingIn.includes(code)) return 'signIn'
  const { status } = problemTable[code]
  if (status >= 500) return 'service'
  if (everyCall.includes(code) || wrongAddress.includes(code)) return 'input'
  return status === 403 ||
    status === 429 ||
    code === 'units-exceed-limit' ||
    code === 'ad-at-night' ||
    code === 'recipient-suppressed'
    ? 'limits'
    : 'input'
}

function errorHtml(code: CustomerCode, { language, words }: Guide): string {
  const { title, why, todo } = helpOf(code, language)
  const { status, retryable } = problemTable[code]
  const again = `<span class="${retryable ? 'good' : 'soft'}">${words.again} ${retryable ? words.yes : words.no}</span>`
  return `<div class="error" id="error-${code}"><h4><code>${code}</code> <span class="soft">${status}</span> ${again}</h4><p><strong>${escaped(title)}.</strong> ${escaped(why)}</p><p>${words.todo}: ${escaped(todo)}</p></div>`
}

/** Every code that a customer can meet: what happened, why, what to do, and whether to repeat the call. */
export function errorsHtml(guide: Guide): string {
  const byGroup = Object.groupBy(customerCodes, groupOf)
  const order = ['input', 'signIn', 'limits', 'service'] as const
  return order
    .map((group) => {
      const codes = byGroup[group] ?? []
      return `<h3>${guide.words.errorGroups[group]}</h3>${codes.map((code) => errorHtml(code, guide)).join('')}`
    })
    .join('')
}
