/** A telephone number as people may see it who need to recognise it only: `+8210****5678`. */
export function maskedNumber(number: string): string {
  return number.length < 9 ? '****' : `${number.slice(0, 5)}****${number.slice(-4)}`
}

/**
 * Telephone numbers in a text of others: in E.164, with its plus sign also as `%2B`, Korean mobile numbers without it, and numbers as they
 * are dialled in Korea. Ids, times and account numbers are none.
 */
const numbers = /(?<![\w.-])(?:(?:\+|%2B)[1-9]\d{7,14}|82(?:10|1[16-9])\d{7,8}|0\d{1,2}[- ]?\d{3,4}[- ]?\d{4})(?![\w-])/gi
/** `Incorrect string value: '…' for column`, `Duplicate entry '…' for key`. */
const quotedByMysql = /((?:value:|entry) )'.*?'(?= for )/gis
/** `invalid input syntax for type integer: "…"`, `value "…" is out of range`. */
const quotedByPostgres = /((?:for type [\w ]+:|for enum [\w"]+:|\bvalue) )"[^"]*"/gi
/** Shorter parts of a text are words that anything may contain. */
const leastShared = 6

/** A text for a log: without telephone numbers, and without the values that databases quote in their errors. */
export function withoutValues(text: string): string {
  return text
    .replace(quotedByMysql, "$1'…'")
    .replace(quotedByPostgres, '$1"…"')
    .replace(numbers, (number) => maskedNumber(number.replace(/^%2B/i, '+')))
}

/** Where a part of `text` that has at least `leastShared` characters is in `content`, as long as it can be. */
function sharedAt(text: string, from: number, content: string): number {
  let end = from + leastShared
  if (end > text.length || !content.includes(text.slice(from, end))) return from
  while (end < text.length && content.includes(text.slice(from, end + 1))) end += 1
  return end
}

/**
 * A reason that a database gave, without what it quotes of a message: a trigger may say anything.
 * @param contents the texts of the message
 */
export function withoutContents(reason: string, contents: readonly string[]): string {
  let left = reason
  for (const content of contents) {
    if (content.length < leastShared) {
      if (content.length > 1) left = left.replaceAll(`'${content}'`, "'…'").replaceAll(`"${content}"`, '"…"')
      continue
    }
    let kept = ''
    for (let at = 0; at < left.length; ) {
      const end = sharedAt(left, at, content)
      kept += end === at ? left[at] : '…'
      at = Math.max(at + 1, end)
    }
    left = kept
  }
  return withoutValues(left)
}

/** The same fields with every text masked, however deep it is. */
export function maskedFields(fields: unknown): unknown {
  if (typeof fields === 'string') return withoutValues(fields)
  if (Array.isArray(fields)) return fields.map(maskedFields)
  if (typeof fields !== 'object' || fields === null) return fields
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, maskedFields(value)]))
}
