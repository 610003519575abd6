import type { TableMap } from '../../domain/table-map.ts'
import type { Engine, Session, TableFacts } from './engine.ts'

/** Finds the name that the database uses. */
export type Rename = (name: string) => string

/** A table's name in the database; `undefined`: it does not exist. */
async function tableNamed(engine: Engine, session: Session, name: string): Promise<string | undefined> {
  for (const one of new Set([name, name.toLowerCase(), name.toUpperCase()])) {
    if (await engine.hasTable(session, one)) return one
  }
  return undefined
}

/** Columns by their names in any case. A name that the table does not have stays as it is. */
function columnsIn({ columns }: Pick<TableFacts, 'columns'>): Rename {
  const byName = new Map(columns.map(({ name }) => [name.toLowerCase(), name]))
  return (name) => byName.get(name.toLowerCase()) ?? name
}

function optional(name: string | undefined, rename: Rename): string | undefined {
  return name === undefined ? undefined : rename(name)
}

/** A map's columns under other names. */
function renamed(map: TableMap, column: Rename): TableMap {
  const { columns, status, result, where, detail, alimtalk } = map
  const { files, ...single } = columns
  return {
    ...map,
    key: column(map.key),
    columns: {
      ...single,
      to: column(columns.to),
      from: column(columns.from),
      text: column(columns.text),
      dueAt: column(columns.dueAt),
      type: optional(columns.type, column),
      subject: optional(columns.subject, column),
      files: files?.map(column),
    },
    status: { ...status, column: column(status.column) },
    claim: optional(map.claim, column),
    id: optional(map.id, column),
    result: {
      ...result,
      code: column(result.code),
      at: optional(result.at, column),
      acceptedAt: optional(result.acceptedAt, column),
      channel: optional(result.channel, column),
    },
    alimtalk: alimtalk === undefined ? undefined : renamedAlimtalk(alimtalk, column),
    where:
      where === undefined ? undefined : Object.fromEntries(Object.entries(where).map(([name, value]) => [column(name), value])),
    detail: detail === undefined ? undefined : { ...detail, link: column(detail.link) },
  }
}

function renamedAlimtalk(
  { profile, template, buttons, fallback }: NonNullable<TableMap['alimtalk']>,
  column: Rename,
): TableMap['alimtalk'] {
  return {
    profile: column(profile),
    template: column(template),
    buttons: optional(buttons, column),
    fallback: fallback && {
      ...fallback,
      text: column(fallback.text),
      subject: optional(fallback.subject, column),
      from: optional(fallback.from, column),
      type: optional(fallback.type, column),
    },
  }
}

function renamedDetail(detail: NonNullable<TableMap['detail']>, table: string, column: Rename): TableMap['detail'] {
  const { key, order, columns } = detail
  return {
    ...detail,
    table,
    key: column(key),
    order: optional(order, column),
    columns: {
      folder: optional(columns.folder, column),
      text: optional(columns.text, column),
      subject: optional(columns.subject, column),
      files: columns.files?.map(column),
    },
  }
}

/** The table of recipients, and the columns of it that `result` names. */
function renamedRecipients(
  { recipients, result }: { readonly recipients: NonNullable<TableMap['recipients']>; readonly result: TableMap['result'] },
  table: string,
  column: Rename,
): Pick<TableMap, 'recipients' | 'result'> {
  const { key, part, number, name, copied, state } = recipients
  return {
    recipients: {
      ...recipients,
      table,
      key: column(key),
      part: column(part),
      number: column(number),
      name: optional(name, column),
      copied: copied?.map(column),
      state: { ...state, column: column(state.column) },
    },
    result: {
      ...result,
      code: column(result.code),
      at: optional(result.at, column),
      acceptedAt: optional(result.acceptedAt, column),
    },
  }
}

async function withNamesOfRecipients(engine: Engine, session: Session, map: TableMap): Promise<TableMap> {
  const { recipients, result } = map
  if (recipients === undefined) return map
  const table = (await tableNamed(engine, session, recipients.table)) ?? recipients.table
  const facts = await engine.facts(session, table)
  const named = { ...map, ...renamedRecipients({ recipients, result }, table, columnsIn(facts ?? { columns: [] })) }
  const { summary } = recipients
  if (summary === undefined || named.recipients === undefined) return named
  const summaryTable = (await tableNamed(engine, session, summary.table)) ?? summary.table
  const column = columnsIn((await engine.facts(session, summaryTable)) ?? { columns: [] })
  const renamedSummary = { table: summaryTable, accepted: column(summary.accepted), refused: column(summary.refused) }
  return { ...named, recipients: { ...named.recipients, summary: renamedSummary } }
}

/** A log table has its name in the case of the table that it belongs to. */
function logNamed(log: string, before: string, after: string): string {
  if (before === after) return log
  const month = '{yyyymm}'
  const parts = log.split(month)
  return parts.map((part) => (after === after.toLowerCase() ? part.toLowerCase() : part.toUpperCase())).join(month)
}

/**
 * A map with the names that the database uses. The same layout is in upper case in one database and in lower case in another:
 * PostgreSQL folds unquoted names, table names in MySQL on Linux are case-sensitive, and the agent quotes all names. A name that
 * the database does not have stays as it is.
 */
export async function withNamesOf(engine: Engine, map: TableMap): Promise<TableMap> {
  return engine.transaction(async (session) => {
    const table = (await tableNamed(engine, session, map.table)) ?? map.table
    const facts = await engine.facts(session, table)
    const log = map.log === undefined ? undefined : logNamed(map.log, map.table, table)
    const main = { ...(facts === undefined ? map : renamed(map, columnsIn(facts))), table, log }
    if (main.recipients !== undefined) return withNamesOfRecipients(engine, session, main)
    if (main.detail === undefined) return main
    const detail = (await tableNamed(engine, session, main.detail.table)) ?? main.detail.table
    const detailFacts = await engine.facts(session, detail)
    return { ...main, detail: renamedDetail(main.detail, detail, columnsIn(detailFacts ?? { columns: [] })) }
  })
}

/** The columns of a table by their names in any case. A name that the table does not have stays as it is. */
export async function columnNames(engine: Engine, table: string): Promise<Rename> {
  const facts = await engine.transaction((session) => engine.facts(session, table))
  return columnsIn(facts ?? { columns: [] })
}
