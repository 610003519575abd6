import { Flags } from '@oclif/core'
import { adNightRules } from '../domain/sending.ts'
import { priceClass } from '../operations/customers/index.ts'
import type { OperatorRegistry, SendingChange } from '../registry/index.ts'
import { repeated } from './repeated.ts'

/** What a customer may send, as flags. */
export const sendingFlags = {
  senders: Flags.option({
    options: ['registered', 'any'] as const,
    env: 'APIGW_SENDERS',
    summary: 'registered: send only from registered senders (default); any: do not check the sender',
  })(),
  destination: Flags.string({
    env: 'APIGW_DESTINATION',
    multiple: true,
    helpValue: 'PREFIX',
    summary: 'destination that is allowed, such as +82 (default) or +1; repeatable, replaces all others',
  }),
  'ad-night': Flags.option({
    options: adNightRules,
    env: 'APIGW_AD_NIGHT',
    summary: 'advertising in Korea from 21:00 to 08:00: hold until 08:00 (default), refuse, or send with separate consent',
  })(),
  'origin-code': Flags.string({
    env: 'APIGW_ORIGIN_CODE',
    helpValue: 'CODE|none',
    summary: 'code by which carriers identify the reseller behind the messages',
  }),
  'alimtalk-profile': Flags.string({
    env: 'APIGW_ALIMTALK_PROFILE',
    multiple: true,
    helpValue: 'PROFILE|none',
    summary: 'Kakao channel for alimtalk: its sender key or name; repeatable, replaces all others',
  }),
  'price-class': Flags.string({
    env: 'APIGW_PRICE_CLASS',
    helpValue: 'NAME|none',
    summary: 'price class, whose units are copied to the customer',
  }),
} as const

interface SendingInput {
  readonly senders?: 'registered' | 'any' | undefined
  readonly destination?: readonly string[] | undefined
  readonly 'ad-night'?: (typeof adNightRules)[number] | undefined
  readonly 'origin-code'?: string | undefined
  readonly 'alimtalk-profile'?: readonly string[] | undefined
  readonly 'price-class'?: string | undefined
}

/** @returns `undefined` if no flag was given. @throws Problem `price-class-unknown` */
export async function sendingChange(registry: OperatorRegistry, flags: SendingInput): Promise<SendingChange | undefined> {
  const { senders, 'ad-night': adNight, 'origin-code': originCode, 'price-class': name } = flags
  const destinations = repeated(flags.destination)
  const profiles = repeated(flags['alimtalk-profile'])
  const prices = name === undefined || name === 'none' ? null : await priceClass(registry, name)
  const change: SendingChange = {
    ...(senders !== undefined && { from: senders }),
    ...(destinations !== undefined && { destinations }),
    ...(adNight !== undefined && { adNight }),
    ...(originCode !== undefined && { originCode: originCode === 'none' ? null : originCode }),
    ...(profiles !== undefined && { alimtalkProfiles: profiles.length === 1 && profiles[0] === 'none' ? null : profiles }),
    ...(name !== undefined && { prices }),
  }
  return Object.keys(change).length === 0 ? undefined : change
}
