/**
 * JSON metric filters as CloudWatch Logs evaluates them
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html).
 */
import { member } from './json.ts'
import { MetricFilterFault, type Token, tokensOf } from './metric-filter-tokens.ts'
import { isScalar, type Scalar } from './operators.ts'
import { fitsPieces } from './wildcard.ts'

export { MetricFilterFault } from './metric-filter-tokens.ts'

type Test = (event: unknown) => boolean

/** Longest pattern that CloudWatch Logs takes (PutMetricFilter, filterPattern). */
const longest = 1024

/** Reads tokens from left to right: `||` binds weaker than `&&`, parentheses strongest. */
class Reader {
  private next = 0
  private readonly tokens: readonly Token[]
  private readonly end: Token

  constructor(text: string) {
    this.tokens = tokensOf(text)
    this.end = { kind: 'end', text: 'the end', position: text.length + 1 }
  }

  private peek(): Token {
    return this.tokens[this.next] ?? this.end
  }

  private take(): Token {
    const token = this.peek()
    this.next++
    return token
  }

  private isNext(text: string): boolean {
    const { kind, text: given } = this.peek()
    return kind === 'sign' && given === text
  }

  private expect(text: string): void {
    const { kind, text: given, position } = this.take()
    if (kind !== 'sign' || given !== text) throw new MetricFilterFault(position, `expected ${text}, found ${given}`)
  }

  filter(): Test {
    this.expect('{')
    const test = this.either()
    this.expect('}')
    const { kind, text, position } = this.peek()
    if (kind !== 'end') throw new MetricFilterFault(position, `expected nothing more, found ${text}`)
    return test
  }

  private either(): Test {
    const tests = [this.both()]
    while (this.isNext('||')) {
      this.take()
      tests.push(this.both())
    }
    return (event) => tests.some((test) => test(event))
  }

  private both(): Test {
    const tests = [this.term()]
    while (this.isNext('&&')) {
      this.take()
      tests.push(this.term())
    }
    return (event) => tests.every((test) => test(event))
  }

  private term(): Test {
    if (!this.isNext('(')) return this.comparison()
    this.take()
    const test = this.either()
    this.expect(')')
    return test
  }

  private comparison(): Test {
    const { kind, text, position } = this.take()
    if (kind !== 'selector') throw new MetricFilterFault(position, `expected a selector such as $.eventName, found ${text}`)
    const path = pathOf(text)
    const sign = this.take()
    const word = sign.kind === 'word' ? sign.text.toUpperCase() : ''
    if (word === 'NOT') {
      const exists = this.take()
      if (exists.text.toUpperCase() !== 'EXISTS') throw new MetricFilterFault(exists.position, 'expected EXISTS after NOT')
      return (event) => found(event, path) === undefined
    }
    if (word === 'IS') return this.constant(path)
    if (sign.kind !== 'sign' || !comparisons.has(sign.text)) {
      throw new MetricFilterFault(sign.position, `expected = != < <= > >= IS or NOT EXISTS, found ${sign.text}`)
    }
    return compared(path, sign, this.take())
  }

  private constant(path: readonly Step[]): Test {
    const { text, position } = this.take()
    const wanted = constants.get(text.toUpperCase())
    if (wanted === undefined) throw new MetricFilterFault(position, 'expected NULL, TRUE or FALSE after IS')
    return (event) => found(event, path) === wanted
  }
}

const comparisons = new Set(['=', '!=', '<', '<=', '>', '>='])
const constants = new Map<string, boolean | null>([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
])

/** A member's name, or the place in a list. */
type Step = string | number

function pathOf(selector: string): Step[] {
  return [...selector.matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index))
}

function found(event: unknown, path: readonly Step[]): unknown {
  return path.reduce(
    (value, step) => (typeof step === 'string' ? member(value, step) : Array.isArray(value) ? value[step] : undefined),
    event,
  )
}

/** `!=` is not the negation of `=`: neither matches a field that is missing, nor one that holds a map or a list. */
function compared(path: readonly Step[], sign: Token, value: Token): Test {
  if (value.kind !== 'word' && value.kind !== 'quoted') {
    throw new MetricFilterFault(value.position, `expected a value, found ${value.text}`)
  }
  const number = value.kind === 'word' && value.text !== '' ? Number(value.text) : Number.NaN
  if (sign.text === '=' || sign.text === '!=') {
    const isEqual = equalTo(value.text, number)
    const wanted = sign.text === '='
    return (event) => {
      const field = found(event, path)
      return isScalar(field) && isEqual(field) === wanted
    }
  }
  if (Number.isNaN(number)) throw new MetricFilterFault(value.position, `${sign.text} needs a number, found ${value.text}`)
  const holds = bounds[sign.text]
  return (event) => {
    const field = found(event, path)
    return typeof field === 'number' && holds !== undefined && holds(field, number)
  }
}

const bounds: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
}

function equalTo(wanted: string, number: number): (field: Scalar) => boolean {
  const pieces = wanted.split('*')
  return (field) => (typeof field === 'number' && field === number) || fitsPieces(pieces, String(field))
}

/**
 * Makes a test out of a filter such as `{ ($.errorCode = "AccessDenied*") && ($.sourceIPAddress != 203.0.113.*) }`. The
 * test takes any value and never throws.
 * @throws MetricFilterFault that names the position
 */
export function compileMetricFilter(text: string): (event: unknown) => boolean {
  if (text.length > longest) throw new MetricFilterFault(longest, `is longer than ${longest} characters`)
  return new Reader(text).filter()
}
