/** The forms in which one server writes the statements of the agent, as regular expressions. */
export interface Forms {
  /** A name in quotes, with the name as a group. */
  readonly name: string
  readonly mark: string
  /** A key as it is selected. */
  readonly key: string
  /** A column as text. */
  readonly text: string
  /** The bytes of a column in hexadecimal digits. */
  readonly hex: string
  /** Conditions that only this server has. */
  readonly conditions: readonly string[]
}

/** Parts of statements. Each takes the whole part, so that a word that is not listed fails. */
export function partsOf({ name, mark, key, text, hex, conditions }: Forms) {
  const list = `${mark}(?:, ${mark})*`
  const condition = [
    `${name} (?:=|<=) ${mark}`,
    `${name} BETWEEN ${mark} AND ${mark}`,
    `${name} (?:NOT )?IN \\(${list}\\)`,
    `${name} LIKE 'apigw:%'`,
    ...conditions,
  ].join('|')
  const set = `${name} = (?:${mark}|${name}|CASE ${text}(?: WHEN ${mark} THEN ${mark})+ ELSE ${name} END)`
  const item = `(?:(?:${name}|${key}|${hex}) AS (?:${name}|k|code|mark|at|p|s|c\\d+)|1 AS one)`
  return {
    where: `(?:${condition})(?: AND (?:${condition}))*`,
    sets: `${set}(?:, ${set})*`,
    columns: `${item}(?:, ${item})*`,
    order: `${name}(?: ASC| DESC)?(?:, ${name}(?: ASC| DESC)?)*`,
    list,
    // A copy of rows, with numbers that are part of the statement.
    copied: `(?:${name}|\\d+)(?:, (?:${name}|\\d+))*`,
    names: `${name}(?:, ${name})*`,
  }
}

/** A statement on one line. */
export function flat(sql: string): string {
  return sql.replaceAll(/\s+/g, ' ').trim()
}
