import { recordOf } from '../../domain/record.ts'
import type { TableMap } from '../../domain/table-map.ts'
import type { SqlRow } from '../sql/index.ts'

/** What an alimtalk has beside its text, as the API takes it. */
export interface RowAlimtalk extends Readonly<Record<string, unknown>> {
  readonly profile: string
  readonly template: string
  /** `null`: the row has some that cannot be read. */
  readonly buttons?: readonly Readonly<Record<string, unknown>>[] | null
  readonly fallback?: Readonly<Record<string, string>>
}

/** The columns of an alimtalk, by the name under which `alimtalkFrom` finds them. */
export function alimtalkColumns(columns: TableMap['alimtalk']): Readonly<Record<string, string | undefined>> {
  if (columns === undefined) return {}
  const { profile, template, buttons, fallback } = columns
  return {
    profile,
    template,
    buttons,
    fallbackText: fallback?.text,
    fallbackSubject: fallback?.subject,
    fallbackFrom: fallback?.from,
    fallbackType: fallback?.type,
  }
}

/** Names in Kakao's form of a button, and in ours. */
const links = { url_mobile: 'linkMobile', url_pc: 'linkPc', scheme_ios: 'schemeIos', scheme_android: 'schemeAndroid' } as const

/** @returns `null`: the text is not what `buttonsText` writes. What is wrong with single buttons the gateway says. */
function buttonsFrom(text: string): readonly Readonly<Record<string, unknown>>[] | null {
  let given: unknown
  try {
    given = recordOf(JSON.parse(text)).button
  } catch {
    return null
  }
  if (!Array.isArray(given)) return null
  return given.map((one: unknown) => {
    const button = recordOf(one)
    const taken = Object.entries(links).flatMap(([theirs, ours]) => {
      const link = button[theirs]
      return link === undefined || link === null || link === '' ? [] : [[ours, link] as const]
    })
    return { type: button.type, name: button.name, ...Object.fromEntries(taken) }
  })
}

/** What the columns of `alimtalkColumns` hold. Empty ones are left out. */
export function alimtalkFrom(row: SqlRow, { alimtalk }: TableMap): RowAlimtalk {
  const text = (name: string): string => String(row[`f_${name}`] ?? '').trim()
  const [type, from, subject] = [text('fallbackType'), text('fallbackFrom'), String(row.f_fallbackSubject ?? '')]
  const types = Object.entries(alimtalk?.fallback?.types ?? {})
  const known = types.find(([, value]) => String(value) === type)?.[0] ?? type
  const body = String(row.f_fallbackText ?? '')
  const buttons = text('buttons')
  return {
    profile: text('profile'),
    template: text('template'),
    ...(buttons !== '' && { buttons: buttonsFrom(buttons) }),
    ...(body !== '' && {
      fallback: {
        text: body,
        ...(type !== '' && { type: known }),
        ...(from !== '' && { from }),
        ...(subject !== '' && known !== 'sms' && { subject }),
      },
    }),
  }
}
