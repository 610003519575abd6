/** What is wrong with a metric filter, and at which character, counted from 1. */
export class MetricFilterFault extends Error {
  readonly position: number

  constructor(position: number, message: string) {
    super(`character ${position}: ${message}`)
    this.position = position
  }
}

export interface Token {
  readonly kind: 'sign' | 'selector' | 'word' | 'quoted' | 'end'
  /** Of a quoted text: without its quotes. */
  readonly text: string
  /** Of its first character, counted from 1. */
  readonly position: number
}

/** Each kind at its place: a word ends before a sign, so that `$.a=Root&&…` needs no spaces. */
const shapes: readonly (readonly [Token['kind'], RegExp])[] = [
  ['sign', /\|\||&&|[!<>]?=|[<>(){}]/y],
  ['selector', /\$(?:\.[\w@:-]+|\[\d+\])+/y],
  ['quoted', /"(?:[^"\\]|\\.)*"/sy],
  ['word', /[^\s"$%&|=!<>(){}]+/y],
]

function tokenAt(text: string, index: number): { readonly token: Token; readonly end: number } {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = index
    const found = shape.exec(text)?.[0]
    if (found === undefined) continue
    const content = kind === 'quoted' ? found.slice(1, -1).replace(/\\(.)/gs, '$1') : found
    return { token: { kind, text: content, position: index + 1 }, end: index + found.length }
  }
  const character = text.charAt(index)
  if (character === '"') throw new MetricFilterFault(index + 1, 'the quote is never closed')
  if (character === '%') throw new MetricFilterFault(index + 1, 'regular expressions are not evaluated here')
  throw new MetricFilterFault(index + 1, `${character} has no meaning here`)
}

/** Takes a filter apart. @throws MetricFilterFault */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const space = /\s*/y
  for (let index = 0; ; ) {
    space.lastIndex = index
    index += space.exec(text)?.[0].length ?? 0
    if (index >= text.length) return tokens
    const { token, end } = tokenAt(text, index)
    tokens.push(token)
    index = end
  }
}
