/** A line of RFC 4180 from cells that hold ids, names and numbers: nothing that a spreadsheet would compute. */
export function csvLine(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell))
  return `${quoted.join(',')}\r\n`
}
