import { BlockList, isIP } from 'node:net'

/**
 * A pattern of Amazon EventBridge: an object of members that lead to lists of what a value may be
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).
 */
export type EventPattern = Readonly<Record<string, unknown>>

/** Whether an event fits. */
export type Fits = (event: unknown) => boolean

/** What is wrong with a pattern, and where. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  readonly place: string

  constructor(place: string, what: string) {
    super(`${place === '' ? 'the pattern' : place}: ${what}`)
    this.place = place
  }
}

/** Whether one value, or the lack of one (undefined), is as a matcher wants it. */
type ValueTest = (value: unknown) => boolean

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function string(value: unknown, place: string): string {
  if (typeof value === 'string') return value
  throw new PatternError(place, 'is not a text')
}

/** `*` stands for any characters, also none; there is no other sign (EventBridge takes a `\*` for a star). */
export function wildcardFits(pattern: string, text: string): boolean {
  const parts = pattern.split(/(?<!\\)\*/).map((part) => part.replaceAll('\\*', '*').replaceAll('\\\\', '\\'))
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const end = text.length - last.length
  for (const part of rest) {
    const found = text.indexOf(part, from)
    if (found < 0 || found + part.length > end) return false
    from = found + part.length
  }
  return true
}

/** `prefix`, `suffix`: a text, or one whose case does not count. */
function affix(wanted: unknown, place: string, fits: (text: string, affix: string) => boolean): ValueTest {
  if (isObject(wanted) && 'equals-ignore-case' in wanted) {
    const lower = string(wanted['equals-ignore-case'], `${place}.equals-ignore-case`).toLowerCase()
    return (value) => typeof value === 'string' && fits(value.toLowerCase(), lower)
  }
  const exact = string(wanted, place)
  return (value) => typeof value === 'string' && fits(value, exact)
}

function anyOf(wanted: unknown, place: string, make: (one: string) => (text: string) => boolean): ValueTest {
  const all = (Array.isArray(wanted) ? wanted : [wanted]).map((one) => make(string(one, place)))
  return (value) => typeof value === 'string' && all.some((fits) => fits(value))
}

/** What a value may be anything but: values, or one of the operators over texts. */
function anythingBut(wanted: unknown, place: string): ValueTest {
  if (isObject(wanted)) {
    const [name = '', ...more] = Object.keys(wanted)
    const of = wanted[name]
    const makers: Readonly<Record<string, (one: string) => (text: string) => boolean>> = {
      prefix: (one) => (text) => text.startsWith(one),
      suffix: (one) => (text) => text.endsWith(one),
      wildcard: (one) => (text) => wildcardFits(one, text),
      'equals-ignore-case': (one) => (text) => text.toLowerCase() === one.toLowerCase(),
    }
    const make = makers[name]
    if (make === undefined || more.length > 0)
      throw new PatternError(place, `"${name}" is not one of ${Object.keys(makers).join(', ')}`)
    const fits = anyOf(of, `${place}.${name}`, make)
    return (value) => typeof value === 'string' && !fits(value)
  }
  const all: unknown[] = Array.isArray(wanted) ? wanted : [wanted]
  for (const one of all) {
    if (typeof one !== 'string' && typeof one !== 'number')
      throw new PatternError(place, 'holds what is neither a text nor a number')
  }
  return (value) => value !== undefined && !isObject(value) && !all.includes(value)
}

const comparisons: Readonly<Record<string, (value: number, to: number) => boolean>> = {
  '<': (value, to) => value < to,
  '<=': (value, to) => value <= to,
  '=': (value, to) => value === to,
  '>=': (value, to) => value >= to,
  '>': (value, to) => value > to,
}

function numeric(wanted: unknown, place: string): ValueTest {
  if (!Array.isArray(wanted) || wanted.length === 0 || wanted.length % 2 === 1)
    throw new PatternError(place, 'is not a list of comparisons')
  const tests: ((value: number) => boolean)[] = []
  for (let at = 0; at < wanted.length; at += 2) {
    const compare = comparisons[String(wanted[at])]
    const to: unknown = wanted[at + 1]
    if (compare === undefined || typeof to !== 'number')
      throw new PatternError(place, `"${wanted[at]} ${to}" is not a comparison`)
    tests.push((value) => compare(value, to))
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value))
}

function cidr(wanted: unknown, place: string): ValueTest {
  const [address = '', bits = '', ...more] = string(wanted, place).split('/')
  const family = isIP(address)
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (family === 0 || more.length > 0 || length < 0 || length > (family === 4 ? 32 : 128))
    throw new PatternError(place, 'is not a range such as 10.0.0.0/8')
  const list = new BlockList()
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
  return (value) => typeof value === 'string' && isIP(value) === family && list.check(value, family === 4 ? 'ipv4' : 'ipv6')
}

const operators: Readonly<Record<string, (wanted: unknown, place: string) => ValueTest>> = {
  prefix: (wanted, place) => affix(wanted, place, (text, one) => text.startsWith(one)),
  suffix: (wanted, place) => affix(wanted, place, (text, one) => text.endsWith(one)),
  'equals-ignore-case': (wanted, place) => {
    const lower = string(wanted, place).toLowerCase()
    return (value) => typeof value === 'string' && value.toLowerCase() === lower
  },
  'anything-but': anythingBut,
  numeric,
  cidr,
  wildcard: (wanted, place) => {
    const pattern = string(wanted, place)
    return (value) => typeof value === 'string' && wildcardFits(pattern, value)
  },
  exists: (wanted, place) => {
    if (typeof wanted !== 'boolean') throw new PatternError(place, 'is neither true nor false')
    // EventBridge asks it of leaves only: an object is none.
    return (value) => (value !== undefined && !isObject(value)) === wanted
  },
}

function valueTest(wanted: unknown, place: string): ValueTest {
  if (!isObject(wanted)) {
    if (Array.isArray(wanted)) throw new PatternError(place, 'is a list in a list')
    return (value) => value === wanted
  }
  const [name = '', ...more] = Object.keys(wanted)
  const make = operators[name]
  if (make === undefined || more.length > 0) throw new PatternError(place, `"${name}" is no operator of EventBridge`)
  return make(wanted[name], `${place}.${name}`)
}

function leaf(wanted: readonly unknown[], place: string): Fits {
  if (wanted.length === 0) throw new PatternError(place, 'is an empty list, which nothing fits')
  const tests = wanted.map((one) => valueTest(one, place))
  // A list of the event fits if any of its elements does; an empty one is as good as none.
  return (value) =>
    Array.isArray(value)
      ? (value.length === 0 ? [undefined] : value.flat(5)).some((one) => tests.some((test) => test(one)))
      : tests.some((test) => test(value))
}

function member(name: string, wanted: unknown, place: string): Fits {
  const inside = place === '' ? name : `${place}.${name}`
  if (Array.isArray(wanted)) {
    const fits = leaf(wanted, inside)
    return (event) => fits(isObject(event) ? event[name] : undefined)
  }
  if (!isObject(wanted)) throw new PatternError(inside, 'is neither a list nor an object')
  const fits = compiled(wanted, inside)
  return (event) => {
    const value = isObject(event) ? event[name] : undefined
    // Lists of objects fit if one of the objects does.
    return Array.isArray(value) ? value.some(fits) : fits(value)
  }
}

function compiled(pattern: EventPattern, place: string): Fits {
  const tests = Object.entries(pattern).map(([name, wanted]): Fits => {
    if (name !== '$or') return member(name, wanted, place)
    const inside = place === '' ? '$or' : `${place}.$or`
    if (!Array.isArray(wanted) || wanted.length < 2 || !wanted.every(isObject))
      throw new PatternError(inside, 'is not a list of at least two objects')
    const some = wanted.map((one, at) => compiled(one, `${inside}[${at}]`))
    return (event) => some.some((fits) => fits(event))
  })
  return (event) => tests.every((test) => test(event))
}

/**
 * Makes a test out of a pattern.
 * @throws PatternError that names the place
 */
export function compilePattern(pattern: EventPattern): Fits {
  if (Object.keys(pattern).length === 0) throw new PatternError('', 'is empty')
  return compiled(pattern, '')
}
