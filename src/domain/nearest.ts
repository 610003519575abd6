/** How many letters are to be added, removed, replaced or swapped with their neighbour: three rows at a time. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  let twoAbove: number[] = []
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      const least = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + change)
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = isSwapped ? Math.min(least, (twoAbove[j - 2] ?? Number.POSITIVE_INFINITY) + 1) : least
    }
    twoAbove = above
    above = row
  }
  return above[b.length] ?? 0
}

/** The name that was probably meant, if any is close enough to be a slip of the finger. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined
  for (const name of known) {
    const found = distance(typed.toLowerCase(), name.toLowerCase())
    if (best === undefined || found < best.distance) best = { name, distance: found }
  }
  return best !== undefined && best.distance <= Math.max(1, Math.floor(typed.length / 3)) ? best.name : undefined
}
