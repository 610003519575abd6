import * as z from 'zod'
import { type MachineKey, machineKeys, type OwnPrices, type PriceKey, priceKeys, type WrittenPrice } from './aws-prices.ts'
import { checkedDocument, type DocumentSource, fieldProblem } from './document.ts'
import { nearest } from './nearest.ts'
import { apigw } from './next-step.ts'
import { recordOf } from './record.ts'
import { readYamlDocument } from './yaml-document.ts'

const dollars = z
  .string('must be an amount in quotes, such as "0.40"')
  .regex(/^\d{1,9}(?:\.\d{1,12})?$/, 'must be an amount in quotes, in dollars, such as "0.40"')
const tier = z.strictObject({ upTo: z.int().positive().exactOptional(), dollars })
const written = z.union([dollars, z.array(tier).min(1).max(20)], 'must be an amount in quotes, or a list of tiers')
const machines = z.record(z.string(), dollars)
const machineName = { registryHour: /^cache\.[a-z0-9-]+\.[a-z0-9-]+$/, databaseHour: /^db\.[a-z0-9-]+\.[a-z0-9-]+$/ } as const

const file = z.strictObject({
  source: z.string().min(1).max(200),
  date: z.string().regex(/^\d{4}(?:-\d{2}){0,2}$/, 'must be a day, a month or a year, such as 2026-11-28'),
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'is not an AWS region such as ap-northeast-2')
    .exactOptional(),
  prices: z.partialRecord(z.enum(priceKeys), written).exactOptional(),
  registryHour: machines.exactOptional(),
  databaseHour: machines.exactOptional(),
})

function isKey(name: string): name is PriceKey | MachineKey {
  return [...priceKeys, ...machineKeys].some((key) => key === name)
}

/** An unknown name is refused with the one that was probably meant. */
function refuseUnknown(prices: unknown, source: DocumentSource): void {
  const unknown = Object.keys(recordOf(prices)).find((name) => !isKey(name))
  if (unknown === undefined) return
  const meant = nearest(unknown, priceKeys)
  const hint = meant === undefined ? 'docs/cost.md lists all' : `did you mean ${meant}`
  throw fieldProblem(source, ['prices', unknown], `is not a known price (${hint})`)
}

function refuseMachine(key: MachineKey, prices: Readonly<Record<string, string>>, source: DocumentSource): void {
  const wrong = Object.keys(prices).find((name) => !machineName[key].test(name))
  if (wrong === undefined) return
  const example = key === 'registryHour' ? 'cache.t4g.micro' : 'db.t4g.micro'
  throw fieldProblem(source, [key, wrong], `is not a class such as ${example}`)
}

/** Tiers begin at nothing and leave no gap: each ends above the one before, and the last has no end. */
function refuseGap(key: string, price: WrittenPrice, source: DocumentSource): void {
  if (typeof price === 'string') return
  let from = 0
  for (const [at, { upTo }] of price.entries()) {
    const path = ['prices', key, at]
    const isLast = at === price.length - 1
    if (isLast && upTo !== undefined) {
      throw fieldProblem(source, path, `leaves a gap: nothing says what costs above ${upTo.toLocaleString('en')}`)
    }
    if (!isLast && (upTo ?? 0) <= from) {
      throw fieldProblem(
        source,
        path,
        upTo === undefined ? 'has no upTo, so no tier can follow it' : 'must end above the tier before it',
      )
    }
    from = upTo ?? from
  }
}

/**
 * Prices of your own, for a discount or a region without a price list.
 * @throws Problem `input-invalid`, which names line and field
 */
export function readPriceFile(text: string, name: string): OwnPrices {
  const read = readYamlDocument(text, { name, code: 'input-invalid', next: apigw('cost estimate', '--help') })
  refuseUnknown(recordOf(read.value).prices, read.source)
  const { prices = {}, ...rest } = checkedDocument(file, read.value, read.source)
  for (const [key, price] of Object.entries(prices)) refuseGap(key, price, read.source)
  for (const key of machineKeys) refuseMachine(key, rest[key] ?? {}, read.source)
  return { ...rest, prices, evidence: 'file' }
}
