/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection). */
const formula = /^[=+\-@\t\r]/

/** A text that a spreadsheet does not compute: what customers wrote must not run on the machine of an operator. */
export function escapedFormula(text: string): string {
  return formula.test(text) || text.startsWith("'") ? `'${text}` : text
}

/** The text that was escaped. */
export function unescapedFormula(text: string): string {
  return text.startsWith("'") ? text.slice(1) : text
}
