import type { TableMap } from '../../domain/table-map.ts'
import { monthOf } from '../../domain/wall-clock.ts'
import type { Column, TableFacts } from '../sql/index.ts'

const dayMs = 86_400_000

/** The log table of rows that were finished at this time; `undefined`: the map names none. */
export function logTableAt({ log, timeZone }: Pick<TableMap, 'log' | 'timeZone'>, instant: number): string | undefined {
  return log?.replace('{yyyymm}', monthOf(instant, timeZone))
}

/** The log tables in which a late report may find its row: those of this month and of the two before. */
export function logTables(map: TableMap, now: number): string[] {
  return [...new Set([0, 28, 56].flatMap((days) => logTableAt(map, now - days * dayMs) ?? []))]
}

/** Something that keeps rows from being moved. */
export interface LogFault {
  readonly column?: string
  readonly why: string
  readonly fix: string
}

/** Longer texts would be cut off, or the whole move refused. A column without a stated length has no limit. */
function isNarrower(column: Column, than: Column): boolean {
  return column.length !== undefined && (than.length ?? Number.POSITIVE_INFINITY) > column.length
}

/**
 * What keeps rows of a table from being moved into its log table: a column that would be lost, cut off or left empty.
 * @param from the names and columns of the table, and of its log
 */
export function logFaults(
  from: { readonly name: string; readonly facts: TableFacts },
  log: { readonly name: string; readonly facts: TableFacts },
): LogFault[] {
  const there = new Map(log.facts.columns.map((column) => [column.name.toLowerCase(), column]))
  const ours = new Set(from.facts.columns.map(({ name }) => name.toLowerCase()))
  const faults = from.facts.columns.flatMap((column): LogFault[] => {
    const found = there.get(column.name.toLowerCase())
    if (found === undefined) {
      const why = `${log.name} has no column ${column.name}, so that its values would be lost`
      return [{ column: column.name, why, fix: `add ${column.name} to ${log.name}` }]
    }
    if (!isNarrower(found, column)) return []
    const holds = column.length === undefined ? 'has no limit' : `holds ${column.length}`
    const why = `${log.name}.${found.name} holds ${found.length} characters, and ${from.name}.${column.name} ${holds}`
    return [{ column: found.name, why, fix: `make ${log.name}.${found.name} as wide as ${from.name}.${column.name}` }]
  })
  for (const { name, optional } of log.facts.columns) {
    if (optional || ours.has(name.toLowerCase())) continue
    const why = `${log.name}.${name} takes no NULL, has no default, and ${from.name} has no such column`
    faults.push({ column: name, why, fix: `give ${log.name}.${name} a default` })
  }
  for (const { name, facts } of [from, log]) {
    if (facts.transactional) continue
    const why = `${name} cannot roll back, so that a crash would leave rows in both tables`
    faults.push({ why, fix: `ALTER TABLE ${name} ENGINE = InnoDB` })
  }
  return faults
}
