/** A pattern taken apart: literal texts, with anything at all between one and the next. */
export type Pieces = readonly string[]

/**
 * Whether a text is made of the pieces, in order, with anything between them. Each piece is looked for once, at the
 * first place where it can stand, so that no pattern takes more than pattern × text steps.
 */
export function fitsPieces(pieces: Pieces, text: string): boolean {
  const [first = '', ...others] = pieces
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  const end = text.length - last.length
  let from = first.length
  for (const piece of others) {
    const found = text.indexOf(piece, from)
    if (found < 0 || found + piece.length > end) return false
    from = found + piece.length
  }
  return true
}
