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
