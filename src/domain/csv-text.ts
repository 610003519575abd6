import { stringify } from 'csv-stringify/sync'

/** Lines of RFC 4180 from rows that hold ids, names and numbers: nothing that a spreadsheet would compute. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  return stringify(
    rows.map((cells) => [...cells]),
    { record_delimiter: 'windows' },
  )
}
