import { hash } from 'node:crypto'
import * as z from 'zod'
import type { DocumentSource } from './document.ts'
import { Problem } from './problem.ts'
import { readYaml } from './yaml-document.ts'

/**
 * Money as whole ten-thousandths of a currency's unit: what a message costs has parts of a cent, and sums of floating-point numbers
 * are not exact.
 */
export type Money = bigint

/** Ten-thousandths in one unit of a currency. */
const scale = 10_000n
const priceDigits = 4

/** Calling codes have one to three digits (ITU-T E.164). `*`: every destination without a price of its own. */
const destination = z.string().regex(/^(?:\+[1-9]\d{0,2}|\*)$/, 'must be a calling code such as "+82", or "*" for all others')
const price = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,4})?$/, 'must be an amount in quotes with up to four decimals, such as "8.9"')
  .transform(moneyOf)
/** `type` is any word: types that are not known yet can be priced. */
const line = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, 'must be a type such as sms, or unknown'),
  to: destination,
  price,
})
const lines = z.array(line).max(10_000)

const list = z.strictObject({
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be a code of ISO 4217 such as KRW')
    .refine(isCurrency, 'is not a currency of ISO 4217'),
  prices: lines.min(1),
  /** Prices of one customer, which come before the others. */
  customers: z.record(z.string(), lines).exactOptional(),
})

export type PriceLine = z.infer<typeof line>
export type PriceList = z.infer<typeof list>

function isCurrency(code: string): boolean {
  return Intl.supportedValuesOf('currency').includes(code)
}

function moneyOf(text: string): Money {
  const [whole = '', part = ''] = text.split('.')
  return BigInt(whole) * scale + BigInt(part.padEnd(priceDigits, '0'))
}

/** An amount as it is written: `8.9`, `1234.5678`, `-3`. */
export function moneyText(money: Money): string {
  const [sign, size] = money < 0n ? ['-', -money] : ['', money]
  const part = String(size % scale)
    .padStart(priceDigits, '0')
    .replace(/0+$/, '')
  return `${sign}${size / scale}${part === '' ? '' : `.${part}`}`
}

/** An amount in whole units of what the currency has: no decimals for KRW, two for USD. Halves go away from zero. */
export function rounded(money: Money, currency: string): Money {
  const { maximumFractionDigits: digits = 0 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
  const step = 10n ** BigInt(Math.max(0, priceDigits - digits))
  const [sign, size] = money < 0n ? [-1n, -money] : [1n, money]
  return sign * (((size + step / 2n) / step) * step)
}

function twice(all: readonly PriceLine[]): PriceLine | undefined {
  return all.find(({ type, to }, at) => all.findIndex((one) => one.type === type && one.to === to) < at)
}

/** @throws Problem `input-invalid`, which names line and field */
export function readPriceList(text: string, name: string): PriceList {
  const source: DocumentSource = { name, code: 'input-invalid', next: 'correct it, or see docs/customers.md, "Bills"' }
  const read = readYaml(text, list, source)
  for (const [whose, all] of [['prices', read.prices] as const, ...Object.entries(read.customers ?? {})]) {
    const again = twice(all)
    if (again !== undefined) {
      throw new Problem('input-invalid', `${name}, ${whose}: ${again.type} to ${again.to} has two prices.`, {
        next: 'remove one of them',
      })
    }
  }
  return read
}

/** Names what a price list says, whatever its comments and the order of its lines: `sha256:` and 64 hexadecimal digits. */
export function priceListDigest({ currency, prices, customers = {} }: PriceList): string {
  const ordered = (all: readonly PriceLine[]): string[] => all.map(({ type, to, price }) => `${type} ${to} ${price}`).sort()
  const own = Object.entries(customers).map(([customer, all]) => [customer, ordered(all)] as const)
  const text = JSON.stringify([currency, ordered(prices), own.sort(([a], [b]) => (a < b ? -1 : 1))])
  return `sha256:${hash('sha256', text, 'hex')}`
}

/** What one message costs. The customer's own prices come first, and in either list a destination comes before `*`. */
export function priceOf({ prices, customers = {} }: PriceList, customer: string, type: string, to: string): Money | undefined {
  const own = Object.hasOwn(customers, customer) ? (customers[customer] ?? []) : []
  for (const all of [own, prices]) {
    const found = [to, '*']
      .map((one) => all.find((priced) => priced.type === type && priced.to === one))
      .find((one) => one !== undefined)
    if (found !== undefined) return found.price
  }
  return undefined
}
