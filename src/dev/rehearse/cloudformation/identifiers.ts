import type { ResolvedTemplate } from './resolver.ts'

/** Pairs of an id as the resolver gives it, and as it is in the account. */
export type Renamed = ReadonlyMap<string, string>

const special = /[.*+?^${}()|[\]\\/]/g

/**
 * Replaces ids in a resolved template. The resolver gives a resource the same id every time, but a resource that is replaced,
 * or that is created while an earlier one still exists, has another id in AWS.
 */
export function rename(template: ResolvedTemplate, renamed: Renamed): ResolvedTemplate {
  if (renamed.size === 0) return template
  // Longer ids first: one may be the beginning of another.
  const ids = [...renamed.keys()].sort((one, other) => other.length - one.length)
  const pattern = new RegExp(
    `(?<![0-9A-Za-z])(?:${ids.map((id) => id.replaceAll(special, '\\$&')).join('|')})(?![0-9A-Za-z])`,
    'g',
  )
  return JSON.parse(JSON.stringify(template).replaceAll(pattern, (id) => renamed.get(id) ?? id))
}

/** The next id of the same form that is not taken. A task definition counts its revisions, everything else gets a suffix. */
export function nextId(id: string, taken: (id: string) => boolean): string {
  const [, family, revision] = /^(arn:aws:ecs:.*:task-definition\/.*:)(\d+)$/.exec(id) ?? []
  for (let count = Number(revision ?? 1) + 1; ; count++) {
    const next = family === undefined ? `${id}-r${count}` : `${family}${count}`
    if (!taken(next)) return next
  }
}

/** The id of the n-th stack with a name: AWS gives each a UUID of its own. */
export function stackIdNumber(id: string, number: number): readonly [id: string, renamed: Renamed] {
  const [, digits = ''] = /\/([0-9a-f]{8})-/.exec(id) ?? []
  if (number === 1) return [id, new Map()]
  const other = ((Number.parseInt(digits, 16) + number) % 0x1_0000_0000).toString(16).padStart(8, '0')
  return [id.replace(`/${digits}-`, `/${other}-`), new Map([[digits, other]])]
}
