const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 })

/** A number as people read it: `1,000`. */
export function count(value: number): string {
  return grouped.format(value)
}

/** A number and what it counts: `1 unit`, `1,000 units`. @param many absent: the noun with an s */
export function quantity(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
