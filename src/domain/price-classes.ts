import * as z from 'zod'
import { type MessageType, messageTypes } from './message.ts'
import { nearest } from './nearest.ts'
import { apigw } from './next-step.ts'
import { Problem } from './problem.ts'
import type { Prices } from './sending.ts'

/** The shared document that holds the price classes. */
export const priceClassesDocument = 'price-classes'

/** Classes in one document, and destinations of one class: more are a price list, not a class. */
const maxClasses = 100
const maxDestinations = 300
/** Units of a type, and the factor of a destination. Their product is what one message may cost. */
const maxUnits = 1_000

const namePattern = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/
/** A calling code of ITU-T E.164, or the first digits of numbers behind it: +82, +1, +1684. */
const prefixPattern = /^\+[1-9]\d{0,6}$/

const units = z.int().min(1).max(maxUnits)
const priceClass = z.looseObject({
  types: z.partialRecord(z.enum(messageTypes), units),
  destinations: z.array(z.looseObject({ prefix: z.string().regex(prefixPattern), factor: units })).max(maxDestinations),
})
const document = z.record(z.string(), priceClass)

/** Reads the document; absent: there are no classes. */
export function priceClassesFrom(text: string | undefined): ReadonlyMap<string, Prices> {
  if (text === undefined) return new Map()
  return new Map(Object.entries(document.parse(JSON.parse(text))).map(([name, prices]) => [name, { name, ...prices }]))
}

/** The document with a class added, replaced or, without `prices`, removed. @throws Problem `input-invalid` */
export function priceClassesText(classes: ReadonlyMap<string, Prices>, name: string, prices: Prices | undefined): string {
  const after = new Map(classes)
  if (prices === undefined) after.delete(name)
  else after.set(name, prices)
  if (after.size > maxClasses) throw new Problem('input-invalid', `There are at most ${maxClasses} price classes.`)
  return JSON.stringify(Object.fromEntries([...after].map(([key, { types, destinations }]) => [key, { types, destinations }])))
}

/** @throws Problem `price-class-unknown`, with the nearest name */
export function priceClassOf(classes: ReadonlyMap<string, Prices>, name: string): Prices {
  const found = classes.get(name)
  if (found !== undefined) return found
  const meant = nearest(name, [...classes.keys()])
  throw new Problem(
    'price-class-unknown',
    `The price class "${name}" does not exist${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    { next: apigw('price list') },
  )
}

/**
 * Checks the prices of a class where they are stored: a command's own checks do not count.
 * @throws Problem `input-invalid`
 */
export function checkedPrices({ name, types, destinations }: Prices): Prices {
  if (!namePattern.test(name)) {
    throw new Problem('input-invalid', `"${name}" cannot be a price class: use up to 30 of a-z, 0-9 and "-".`)
  }
  for (const [type, count] of Object.entries(types)) checkedUnits(`The units of ${type}`, count)
  const seen = new Set<string>()
  for (const { prefix, factor } of destinations) {
    destinationPrefix(prefix)
    checkedUnits(`The factor of ${prefix}`, factor)
    if (seen.has(prefix)) throw new Problem('input-invalid', `The destination ${prefix} is named twice.`)
    seen.add(prefix)
  }
  if (destinations.length > maxDestinations) {
    throw new Problem('input-invalid', `A price class has at most ${maxDestinations} destinations.`)
  }
  return { name, types, destinations }
}

function checkedUnits(what: string, count: number | undefined): void {
  if (count === undefined || units.safeParse(count).success) return
  throw new Problem('input-invalid', `${what} cannot be ${count}: use a whole number from 1 to ${maxUnits}.`)
}

/** Reads `sms=1`. @throws Problem `input-invalid` */
export function typeUnits(text: string): [MessageType, number] {
  const [, name = '', count = ''] = /^([a-z0-9-]+)=(\d{1,7})$/.exec(text) ?? []
  const type = messageTypes.find((known) => known === name)
  if (type !== undefined) return [type, Number(count)]
  throw new Problem('input-invalid', `"${text}" does not give the units of a message type.`, {
    next: `use TYPE=UNITS, such as lms=3, with one of ${messageTypes.join(', ')}`,
  })
}

/** Reads `+1=5`. @throws Problem `input-invalid` */
export function destinationFactor(text: string): { readonly prefix: string; readonly factor: number } {
  const [, prefix = '', factor = ''] = /^(\+\d+)=(\d{1,7})$/.exec(text) ?? []
  if (prefix !== '') return { prefix: destinationPrefix(prefix), factor: Number(factor) }
  throw new Problem('input-invalid', `"${text}" does not give the factor of a destination.`, {
    next: 'use PREFIX=FACTOR, such as +1=5',
  })
}

/** Checks a destination: a calling code, or more digits of one. @throws Problem `input-invalid` */
export function destinationPrefix(text: string): string {
  if (prefixPattern.test(text)) return text
  throw new Problem('input-invalid', `"${text}" is not a destination: use "+" and a calling code, such as +82 or +1.`)
}
