import { buttonsText } from '../../domain/alimtalk.ts'
import type { Field } from '../../domain/carrier.ts'
import { type MessageType, messageTypes } from '../../domain/message.ts'
import type { Outcome } from '../../domain/report.ts'
import type { Value } from '../sql/index.ts'
import type { Row } from './database.ts'

/** The fields that only an alimtalk has. */
type AlimtalkField = Extract<Field, 'profile' | 'template' | 'buttons' | `fallback${string}`>

/** @param types the table's values of a fallback's type, where they are not sms and lms */
export function alimtalkReaders(
  number: (text: string) => string,
  types?: { readonly sms: Value; readonly lms: Value },
): Record<AlimtalkField, (row: Row) => Value> {
  const fallback = ({ message }: Row) => message.alimtalk?.fallback
  return {
    profile: ({ message }) => message.alimtalk?.profile ?? null,
    template: ({ message }) => message.alimtalk?.template ?? null,
    buttons: ({ message }) => {
      const buttons = message.alimtalk?.buttons
      return buttons === undefined ? null : buttonsText(buttons)
    },
    fallbackType: (row) => {
      const type = fallback(row)?.type
      return type === undefined ? null : (types?.[type] ?? type)
    },
    fallbackSender: (row) => {
      const from = fallback(row)?.from
      return from === undefined ? null : number(from)
    },
    fallbackSubject: (row) => fallback(row)?.subject ?? null,
    fallbackBody: (row) => fallback(row)?.text ?? null,
  }
}

/**
 * Why a table has no place for a message, as its report says it: written without a part of it, the message would be another one.
 * @param has the fields that the table has columns for
 */
export function lackOf(has: ReadonlySet<Field>, { message: { alimtalk } }: Row): string | undefined {
  if (alimtalk === undefined) return undefined
  const { buttons, fallback } = alimtalk
  if (!['type', 'profile', 'template'].every((field) => has.has(field as Field))) return 'alimtalk-not-taken'
  if (buttons !== undefined && !has.has('buttons')) return 'buttons-not-taken'
  if (fallback === undefined) return undefined
  const hasSender = has.has('fallbackSender') || has.has('sender')
  const hasTexts = has.has('fallbackBody') && (fallback.subject === undefined || has.has('fallbackSubject'))
  return hasSender && hasTexts ? undefined : 'fallback-not-taken'
}

/** Which columns say what a message was delivered as, and how they are read. */
export interface ChannelLayout {
  readonly columns: readonly string[]
  /** @returns `undefined`: the carrier does not say */
  of(values: readonly unknown[], outcome: Outcome): string | undefined
}

/** What a report can hold. A channel that is not known here is shown as it is. */
const shownChannel = /^[\x21-\x7e]{1,20}$/

/** @param channels what the values stand for; absent: themselves */
export function channelFrom(value: unknown, channels?: Readonly<Record<string, MessageType>>): string | undefined {
  const text = value === null || value === undefined ? '' : String(value).trim()
  if (channels !== undefined) return channels[text]
  const known = messageTypes.find((type) => type === text.toLowerCase())
  return known ?? (shownChannel.test(text) ? text : undefined)
}

/** @param column absent: the table does not say */
export function channelLayout(
  column: string | undefined,
  channels: Readonly<Record<string, MessageType>> | undefined,
): ChannelLayout | undefined {
  return column === undefined ? undefined : { columns: [column], of: ([value]) => channelFrom(value, channels) }
}
