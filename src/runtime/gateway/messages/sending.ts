import { nightEnd } from '../../../domain/advertising.ts'
import { type MessageRequest, type MessageType, maxSendAt, messageType } from '../../../domain/message.ts'
import type { Environment } from '../../../domain/names.ts'
import type { ProblemCode } from '../../../domain/problem.ts'
import { homePrefix, type RegisteredSender, type SendingPolicy, unitsOf } from '../../../domain/sending.ts'
import type { Rejection } from './plan.ts'

/** What a policy decides about one message: its units and when it is sent, or why it is not. */
export type Decision =
  | { readonly kind: 'sent'; readonly units: number; readonly heldUntil?: number }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

function rejected(code: ProblemCode, pointer: string, detail: string): Decision {
  return { kind: 'rejected', rejection: { code, detail: `${pointer}: ${detail}`, errors: [{ pointer, detail }] } }
}

/** Whether Korean law binds a message to the hours of the day. */
export function hasHours({ purpose, to }: Pick<MessageRequest, 'purpose' | 'to'>): boolean {
  return purpose === 'ad' && to.startsWith(homePrefix)
}

function destinationFault({ to }: MessageRequest, { destinations }: SendingPolicy): Decision | undefined {
  if (destinations.some((prefix) => to.startsWith(prefix))) return undefined
  const allowed = destinations.slice(0, 5).join(', ')
  const more = destinations.length > 5 ? ` and ${destinations.length - 5} more` : ''
  return rejected(
    'destination-not-allowed',
    '/to',
    `is outside the destinations that you may send to (${allowed}${more}): ask your provider to allow it`,
  )
}

/** Where a message names its sender. */
function senderPointer({ alimtalk }: MessageRequest): string {
  return alimtalk?.fallback === undefined ? '/from' : '/fallback/from'
}

/** @param at when the message is sent. A sender has to be registered then, and not only when the call is made. */
function senderFault(sender: RegisteredSender | undefined, pointer: string, from: string, at: number): Decision | undefined {
  if (sender === undefined) {
    return rejected(
      'sender-not-registered',
      pointer,
      `${from} is not among your registered senders: register it with your provider`,
    )
  }
  if (sender.expiresAt === undefined || at < sender.expiresAt) return undefined
  const end = new Date(sender.expiresAt).toISOString()
  return rejected('sender-not-registered', pointer, `the registration of ${from} ends at ${end}: renew it with your provider`)
}

/** Kakao knows a channel by its sender key, so a customer may only use the ones that are its own. */
function profileFault({ alimtalk }: MessageRequest, profiles: ReadonlySet<string>): Decision | undefined {
  if (alimtalk === undefined || profiles.has(alimtalk.profile)) return undefined
  return rejected(
    'profile-not-registered',
    '/profile',
    `${alimtalk.profile} is not among your registered Kakao channels: register it with your provider`,
  )
}

/** What a message may be delivered as. */
function typesOf(request: MessageRequest): MessageType[] {
  const { fallback } = request.alimtalk ?? {}
  return fallback === undefined ? [messageType(request)] : [messageType(request), fallback.type]
}

/** When an advertisement for a recipient in Korea may be sent, if not when it asks to be. */
function nightOf(request: MessageRequest, { adNight }: SendingPolicy, at: number, now: number): number | Decision | undefined {
  const morning = hasHours(request) && adNight !== 'consent' ? nightEnd(at) : undefined
  if (morning === undefined) return undefined
  if (adNight === 'refuse') {
    const pointer = request.sendAt === undefined ? '/purpose' : '/sendAt'
    return rejected('ad-at-night', pointer, 'advertising is not sent from 21:00 to 08:00 in Seoul: use a sendAt by day')
  }
  if (morning <= now + maxSendAt) return morning
  return rejected('invalid-request', '/sendAt', 'is at night and would be held until more than 30 days ahead')
}

/**
 * Decides about messages by the policy of their customer.
 * @param now milliseconds since 1970
 */
export function decider(policy: SendingPolicy, environment: Environment, now: number): (request: MessageRequest) => Decision {
  const senders = new Map(policy.senders.map((sender) => [sender.number, sender]))
  const profiles = new Set(policy.alimtalkProfiles)
  // Nothing of the test environment reaches a carrier, and an integration begins there before its senders are registered.
  const isLive = environment === 'live'
  return (request) => {
    const fault = destinationFault(request, policy)
    if (fault !== undefined) return fault
    const asked = request.sendAt === undefined ? now : Math.max(now, Date.parse(request.sendAt))
    const night = nightOf(request, policy, asked, now)
    if (typeof night === 'object') return night
    const { from } = request
    const isSenderChecked = isLive && policy.from === 'registered' && from !== undefined
    const unregistered =
      (isLive ? profileFault(request, profiles) : undefined) ??
      (isSenderChecked ? senderFault(senders.get(from), senderPointer(request), from, night ?? asked) : undefined)
    if (unregistered !== undefined) return unregistered
    const units = unitsOf(policy.prices, typesOf(request), request.to)
    return { kind: 'sent', units, ...(night !== undefined && { heldUntil: night }) }
  }
}
