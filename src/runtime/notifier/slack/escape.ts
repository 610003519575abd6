/**
 * Slack reads `<!channel>`, `<@U…>` and `<https://…|words>` in any text, so the three characters that begin and end such
 * things are escaped everywhere: https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Characters that turn the direction of writing, are not seen, or end the line: a name could pretend to be another with them. */
const misleading = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** At most so many characters (UTF-16 units), never half a one, with a sign that there was more. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const end = length - 1
  const last = text.charCodeAt(end - 1)
  return `${text.slice(0, last >= 0xd8_00 && last <= 0xdb_ff ? end - 1 : end)}…`
}

/** Text from outside on one line, without anything that is not seen. */
export function plainLine(text: string, length: number): string {
  return cut(
    text
      .slice(0, length * 4)
      .replace(misleading, ' ')
      .trim(),
    length,
  )
}

/** Escaped, and still not longer: what has to be escaped counts as what it becomes. */
function escapedLine(text: string, length: number): string {
  const line = plainLine(text, length)
  const whole = escaped(line)
  if (whole.length <= length) return whole
  let found = ''
  for (const one of line) {
    const next = escaped(one)
    if (found.length + next.length >= length) break
    found += next
  }
  return `${found}…`
}

/**
 * Text from outside as Slack's code: no markup holds in it, no address becomes a link, no name is pinged.
 * @param length characters at most, escaped
 */
export function code(text: string, length: number): string {
  return `\`${escapedLine(text.replaceAll('`', "'"), length) || ' '}\``
}

/** Text from outside among our own words: marks that Slack would read as bold, italic, struck or code lose their meaning. */
export function words(text: string, length: number): string {
  // A word joiner around a mark is not seen, and makes it one in the middle of a word, which Slack leaves alone.
  return escapedLine(text, length).replace(/[*_~`]/g, (mark) => `\u2060${mark}\u2060`)
}
