import { readFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { type PriceList, readPriceList } from '../domain/price-list.ts'
import { Problem } from '../domain/problem.ts'

/** What every bill is made from. */
export const billFlags = {
  month: Flags.string({
    required: true,
    env: 'APIGW_MONTH',
    helpValue: 'YEAR-MONTH',
    summary: 'month of the bill, such as 2026-10',
  }),
  prices: Flags.string({
    required: true,
    env: 'APIGW_PRICES',
    helpValue: 'FILE',
    summary: 'price list: YAML with currency, prices and, if you like, customers',
  }),
} as const

/** A price list that closed bills do not need. */
export const optionalPrices = Flags.string({
  env: 'APIGW_PRICES',
  helpValue: 'FILE',
  summary: 'price list for bills that are not closed',
})

/** Reads a price list once, when it is needed. @throws Problem `input-missing`, `input-invalid` */
export function priceListWhenNeeded(file: string | undefined, month: string): () => PriceList {
  let read: PriceList | undefined
  return () => {
    if (file === undefined) {
      throw new Problem('input-missing', `Not all bills of ${month} are closed. The others need a price list.`, {
        next: 'add --prices FILE',
      })
    }
    read ??= priceList(file)
    return read
  }
}

/** Reads a price list. @throws Problem `input-invalid` */
export function priceList(file: string): PriceList {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Problem('input-invalid', `The price list ${file} cannot be read.`, { next: 'check the path of --prices', cause })
  }
  return readPriceList(text, file)
}
