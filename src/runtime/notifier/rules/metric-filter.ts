/**
 * Filter patterns of CloudWatch Logs for JSON, such as `{ ($.eventName = "A*") && ($.errorCode NOT EXISTS) }`
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events).
 */
export type FilterFits = (event: unknown) => boolean

/** What is wrong with a filter pattern, and at which character. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
}

type Token = { readonly at: number } & (
  | { readonly kind: 'selector' | 'word' | 'text'; readonly text: string }
  | { readonly kind: '(' | ')' | '&&' | '||' | '=' | '!=' | '<' | '>' | '<=' | '>='; readonly text: string }
)

const token = /\s*(?:(\$[\w.[\]*'"-]*)|("(?:[^"\\]|\\.)*")|(&&|\|\||!=|<=|>=|[()=<>])|([^\s()=!<>&|"]+))/y

function tokensOf(pattern: string): Token[] {
  const trimmed = pattern.trim()
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) throw new FilterError('character 1: a JSON pattern stands in { }')
  const inside = trimmed.slice(1, -1)
  const found: Token[] = []
  token.lastIndex = 0
  while (token.lastIndex < inside.trimEnd().length) {
    const before = token.lastIndex
    const match = token.exec(inside)
    if (match === null) throw new FilterError(`character ${before + 2}: cannot be read`)
    const at = token.lastIndex - match[0].trimStart().length + 2
    const [, selector, text, sign, word] = match
    if (selector !== undefined) found.push({ at, kind: 'selector', text: selector })
    else if (text !== undefined) found.push({ at, kind: 'text', text: text.slice(1, -1).replace(/\\(.)/g, '$1') })
    else if (sign !== undefined) found.push({ at, kind: sign as '(', text: sign })
    else found.push({ at, kind: 'word', text: word ?? '' })
  }
  return found
}

/** The value at `$.a.b[0]['c']`; undefined where a step is missing. */
function select(selector: string): (event: unknown) => unknown {
  const steps = [...selector.matchAll(/\.?([\w-]+)|\['([^']*)'\]|\["([^"]*)"\]/g)].map(
    ([, plain, single, double]) => plain ?? single ?? double ?? '',
  )
  return (event) =>
    steps.reduce<unknown>((value, step) => (value === null || value === undefined ? undefined : Object(value)[step]), event)
}

function wildcard(text: string): RegExp {
  return new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  )
}

function equals(wanted: string, quoted: boolean): (value: unknown) => boolean {
  const pattern = wildcard(wanted)
  const number = quoted || wanted === '' ? Number.NaN : Number(wanted)
  return (value) => {
    if (typeof value === 'number') return value === number || pattern.test(String(value))
    return typeof value === 'string' && pattern.test(value)
  }
}

/** Reads from the first sign to the last: `||` binds less than `&&`, parentheses more. */
class Reader {
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): FilterFits {
    const fits = this.#any()
    const left = this.#tokens[this.#next]
    if (left !== undefined) throw new FilterError(`character ${left.at}: "${left.text}" was not expected`)
    return fits
  }

  #take(kind: Token['kind']): Token | undefined {
    const found = this.#tokens[this.#next]
    if (found?.kind !== kind) return undefined
    this.#next++
    return found
  }

  #expected(what: string): FilterError {
    const found = this.#tokens[this.#next]
    return new FilterError(
      found === undefined ? `the end: ${what} is missing` : `character ${found.at}: ${what} is missing before "${found.text}"`,
    )
  }

  #any(): FilterFits {
    const all = [this.#every()]
    while (this.#take('||')) all.push(this.#every())
    return (event) => all.some((fits) => fits(event))
  }

  #every(): FilterFits {
    const all = [this.#one()]
    while (this.#take('&&')) all.push(this.#one())
    return (event) => all.every((fits) => fits(event))
  }

  #one(): FilterFits {
    if (this.#take('(')) {
      const inside = this.#any()
      if (!this.#take(')')) throw this.#expected('")"')
      return inside
    }
    const selector = this.#take('selector')
    if (selector === undefined) throw this.#expected('a selector such as $.eventName')
    return this.#test(select(selector.text.slice(1)))
  }

  #test(selected: (event: unknown) => unknown): FilterFits {
    const word = this.#take('word')?.text.toUpperCase()
    if (word === 'NOT') {
      if (this.#take('word')?.text.toUpperCase() !== 'EXISTS') throw this.#expected('EXISTS')
      return (event) => selected(event) === undefined
    }
    if (word === 'EXISTS') return (event) => selected(event) !== undefined
    if (word === 'IS') return this.#is(selected)
    if (word !== undefined) throw new FilterError(`"${word}" is no test`)
    const sign = (['=', '!=', '<=', '>=', '<', '>'] as const).find((one) => this.#take(one) !== undefined)
    if (sign === undefined) throw this.#expected('a comparison')
    const value = this.#take('text') ?? this.#take('word')
    if (value === undefined) throw this.#expected('a value')
    return this.#comparison(sign, value, selected)
  }

  #is(selected: (event: unknown) => unknown): FilterFits {
    const what = this.#take('word')?.text.toUpperCase()
    const wanted = new Map<string | undefined, unknown>([
      ['NULL', null],
      ['TRUE', true],
      ['FALSE', false],
    ])
    if (!wanted.has(what)) throw this.#expected('NULL, TRUE or FALSE')
    return (event) => selected(event) === wanted.get(what)
  }

  #comparison(
    sign: '=' | '!=' | '<' | '>' | '<=' | '>=',
    { kind, text }: Token,
    selected: (event: unknown) => unknown,
  ): FilterFits {
    const same = equals(text, kind === 'text')
    if (sign === '=') return (event) => same(selected(event))
    // A field that is missing is not unequal: the filter does not fit at all.
    if (sign === '!=') {
      return (event) => {
        const value = selected(event)
        return value !== undefined && value !== null && !same(value)
      }
    }
    const limit = Number(text)
    if (Number.isNaN(limit)) throw new FilterError(`"${text}" is no number to compare with`)
    return (event) => {
      const value = selected(event)
      if (typeof value !== 'number') return false
      return { '<': value < limit, '>': value > limit, '<=': value <= limit, '>=': value >= limit }[sign]
    }
  }
}

/**
 * Makes a test out of a filter pattern.
 * @throws FilterError that names the character
 */
export function compileFilter(pattern: string): FilterFits {
  return new Reader(tokensOf(pattern)).whole()
}
