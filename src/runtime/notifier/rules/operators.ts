import { addressKey, addressRange, inRanges } from '../../../domain/address.ts'
import { Problem } from '../../../domain/problem.ts'
import { isRecord } from '../../../domain/record.ts'
import { fitsPieces, type Pieces } from './wildcard.ts'

/** What an event's leaf can be. */
export type Scalar = string | number | boolean | null

export type Holds = (value: Scalar) => boolean

/** What is wrong with a pattern, and where: `detail.eventName[0].prefix`. */
export class PatternFault extends Error {
  readonly place: string

  constructor(place: string, message: string) {
    super(message)
    this.place = place
  }
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function text(value: unknown, place: string): string {
  if (typeof value !== 'string') throw new PatternFault(place, 'is not a text')
  return value
}

/** The one member of an operator such as `{prefix: …}`. */
export function single(value: Readonly<Record<string, unknown>>, place: string): [name: string, argument: unknown] {
  const [entry, ...more] = Object.entries(value)
  if (entry === undefined || more.length > 0) throw new PatternFault(place, 'must hold exactly one operator')
  return entry
}

function lower(value: string): string {
  return value.toLowerCase()
}

function onText(holds: (value: string) => boolean): Holds {
  return (value) => typeof value === 'string' && holds(value)
}

/** `prefix` and `suffix`: a text, or `{equals-ignore-case: text}`. */
function edge(argument: unknown, place: string, holds: (value: string, edge: string) => boolean): Holds {
  if (!isRecord(argument)) {
    const wanted = text(argument, place)
    return onText((value) => holds(value, wanted))
  }
  const [name, inner] = single(argument, place)
  if (name !== 'equals-ignore-case') throw new PatternFault(`${place}.${name}`, 'is not known: only equals-ignore-case is')
  const wanted = lower(text(inner, `${place}.${name}`))
  return onText((value) => holds(lower(value), wanted))
}

/** The texts between the wildcards. `\*` and `\\` stand for themselves; EventBridge refuses `**` and other escapes. */
function piecesOf(pattern: string, place: string): Pieces {
  const pieces: string[] = []
  let piece = ''
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index)
    if (character === '*') {
      if (pattern.charAt(index + 1) === '*') throw new PatternFault(place, 'has two wildcards side by side')
      pieces.push(piece)
      piece = ''
    } else if (character === '\\') {
      const escaped = pattern.charAt(++index)
      if (escaped !== '*' && escaped !== '\\') throw new PatternFault(place, 'has a backslash before something else than * or \\')
      piece += escaped
    } else piece += character
  }
  return [...pieces, piece]
}

function wildcard(argument: unknown, place: string): Holds {
  const pieces = piecesOf(text(argument, place), place)
  return onText((value) => fitsPieces(pieces, value))
}

function ignoringCase(argument: unknown, place: string): Holds {
  const wanted = lower(text(argument, place))
  return onText((value) => lower(value) === wanted)
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
}

function numeric(argument: unknown, place: string): Holds {
  const parts: readonly unknown[] = Array.isArray(argument) ? argument : []
  if (parts.length !== 2 && parts.length !== 4) throw new PatternFault(place, 'is not a list such as [">", 0, "<=", 5]')
  const tests = [0, 2]
    .filter((index) => index < parts.length)
    .map((index) => {
      const [sign, bound] = [parts[index], parts[index + 1]]
      const compare = typeof sign === 'string' && Object.hasOwn(comparisons, sign) ? comparisons[sign] : undefined
      if (compare === undefined) throw new PatternFault(`${place}[${index}]`, 'is none of = < <= > >=')
      if (typeof bound !== 'number') throw new PatternFault(`${place}[${index + 1}]`, 'is not a number')
      return (value: number) => compare(value, bound)
    })
  return (value) => typeof value === 'number' && tests.every((test) => test(value))
}

function cidr(argument: unknown, place: string): Holds {
  try {
    const ranges = [addressRange(text(argument, place))]
    return onText((value) => {
      const key = addressKey(value)
      return key !== undefined && inRanges(key, ranges)
    })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new PatternFault(place, 'is not a range of addresses such as 203.0.113.0/24')
  }
}

/** `anything-but`: any value that is there, except those named. */
function anythingBut(argument: unknown, place: string): Holds {
  if (isRecord(argument)) {
    const [name, inner] = single(argument, place)
    const make = name === 'numeric' || name === 'cidr' || name === 'anything-but' ? undefined : operatorNamed(name)
    if (make === undefined) throw new PatternFault(`${place}.${name}`, 'is not known inside anything-but')
    const excluded = (Array.isArray(inner) ? inner : [inner]).map((one: unknown) => make(one, `${place}.${name}`))
    if (excluded.length === 0) throw new PatternFault(`${place}.${name}`, 'is an empty list')
    return (value) => !excluded.some((holds) => holds(value))
  }
  const values: readonly unknown[] = Array.isArray(argument) ? argument : [argument]
  const isAll = (type: 'string' | 'number'): boolean => values.every((value) => typeof value === type)
  if (values.length === 0 || !(isAll('string') || isAll('number'))) {
    throw new PatternFault(place, 'is neither texts only nor numbers only')
  }
  const excluded = new Set(values)
  return (value) => !excluded.has(value)
}

const operators: Readonly<Record<string, (argument: unknown, place: string) => Holds>> = {
  prefix: (argument, place) => edge(argument, place, (value, wanted) => value.startsWith(wanted)),
  suffix: (argument, place) => edge(argument, place, (value, wanted) => value.endsWith(wanted)),
  'equals-ignore-case': ignoringCase,
  wildcard,
  numeric,
  cidr,
  'anything-but': anythingBut,
}

function operatorNamed(name: string): ((argument: unknown, place: string) => Holds) | undefined {
  return Object.hasOwn(operators, name) ? operators[name] : undefined
}

/** One alternative of a leaf: a value to be equal to, or an operator. @throws PatternFault */
export function alternative(value: unknown, place: string): Holds {
  if (isScalar(value)) return (given) => given === value
  if (!isRecord(value)) throw new PatternFault(place, 'is neither a value nor an operator')
  const [name, argument] = single(value, place)
  const make = operatorNamed(name)
  if (make === undefined) throw new PatternFault(`${place}.${name}`, 'is not an operator of EventBridge')
  return make(argument, `${place}.${name}`)
}
