/**
 * Money of AWS, exact. Its prices go down to a hundred-millionth of a cent, and sums of floating-point numbers are not exact
 * (0.1 + 0.2). Rounding happens once, where an amount is shown.
 */

/** US dollars, as whole 10^-24 of one. */
export type Dollars = bigint
/** US dollars for one of something, as whole 10^-18 of one. */
export type Rate = bigint
/** How many, as whole millionths. */
export type Quantity = bigint

const rateDigits = 18
const dollarDigits = 24
const one = 1_000_000n

function digitsOf(text: string, digits: number): bigint {
  const [whole = '', part = ''] = text.split('.')
  return BigInt(whole + part.slice(0, digits).padEnd(digits, '0'))
}

/**
 * The price of one.
 * @param text dollars, such as `0.40`, with at most 12 decimals
 * @param per for how many of them, such as a million
 */
export function rateOf(text: string, per: number): Rate {
  return digitsOf(text, rateDigits) / BigInt(per)
}

/** A count, or an amount such as gigabytes, which is rounded to a millionth. */
export function quantityOf(value: number): Quantity {
  const whole = Math.trunc(value)
  return BigInt(whole) * one + BigInt(Math.round((value - whole) * 1_000_000))
}

/** So many parts of a whole, such as bytes in gigabytes. Rounded up to a millionth: an estimate is not below the bill. */
export function quotient(count: number, of: number): Quantity {
  const [scaled, by] = [quantityOf(count) * one, quantityOf(of)]
  return (scaled + by - 1n) / by
}

/** A quantity so many times. */
export function timesOf(quantity: Quantity, count: number): Quantity {
  return (quantity * quantityOf(count)) / one
}

export function costOf(rate: Rate, quantity: Quantity): Dollars {
  return rate * quantity
}

export function sumOf(all: Iterable<Dollars>): Dollars {
  let sum = 0n
  for (const each of all) sum += each
  return sum
}

/** An amount divided in proportion to others, such as to the messages of a customer. Rounded down by at most 10^-24. */
export function shareOf(amount: Dollars, part: Quantity, whole: Quantity): Dollars {
  return whole === 0n ? 0n : (amount * part) / whole
}

/** Rounded to so many decimals; halves go away from zero. */
function roundedTo(amount: bigint, digits: number, scale: number): string {
  const step = 10n ** BigInt(scale - digits)
  const [sign, size] = amount < 0n ? ['-', -amount] : ['', amount]
  const steps = String((size + step / 2n) / step).padStart(digits + 1, '0')
  const whole = steps.slice(0, steps.length - digits)
  return `${Number(steps) === 0 ? '' : sign}${whole}${digits === 0 ? '' : `.${steps.slice(-digits)}`}`
}

/** Dollars with so many decimals, without a sign of the currency: `12.30`. */
export function dollarsFixed(amount: Dollars, digits = 2): string {
  return roundedTo(amount, digits, dollarDigits)
}

/** Dollars as they are, without zeros at the end: `0.2628`. */
export function dollarsExact(amount: Dollars): string {
  return roundedTo(amount, dollarDigits, dollarDigits).replace(/\.?0+$/, '')
}

/** The price of so many, without zeros at the end. */
export function rateText(rate: Rate, per: number): string {
  return roundedTo(rate * BigInt(per), rateDigits, rateDigits).replace(/\.?0+$/, '')
}

const grouping = /\B(?=(?:\d{3})+$)/g

/** A quantity with up to three decimals, grouped: `4,583,293`, `1.5`. */
export function quantityText(quantity: Quantity): string {
  const [whole = '', part = ''] = roundedTo(quantity, 3, 6).split('.')
  const decimals = part.replace(/0+$/, '')
  return `${whole.replaceAll(grouping, ',')}${decimals === '' ? '' : `.${decimals}`}`
}

/** A quantity as a number, for output that is read by programs. */
export function quantityNumber(quantity: Quantity): number {
  return Number(quantity) / 1_000_000
}

/** An amount in dollars as a number of cents that are whole: for output that has numbers. */
export function dollarsNumber(amount: Dollars, digits = 2): number {
  return Number(dollarsFixed(amount, digits))
}
