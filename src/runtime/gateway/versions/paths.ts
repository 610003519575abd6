import type { Endpoint } from './endpoint.ts'
import type { Mounted } from './endpoints.ts'

/** The endpoints of one path, by method. */
export interface Place {
  /** As it was declared: `/v1.0/messages/{id}`. */
  readonly path: string
  readonly methods: ReadonlyMap<string, Endpoint>
}

export interface Found extends Place {
  readonly params: Readonly<Record<string, string>>
}

interface Pattern extends Place {
  readonly segments: readonly string[]
}

const none = {}

function isParam(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('}')
}

/** The parameters where a path fits a pattern. A segment with invalid percent-encoding matches nothing. */
function paramsIn(pattern: Pattern, segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.segments.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [at, wanted] of pattern.segments.entries()) {
    const segment = segments[at] ?? ''
    if (!isParam(wanted)) {
      if (wanted !== segment) return undefined
      continue
    }
    if (segment === '') return undefined
    try {
      params[wanted.slice(1, -1)] = decodeURIComponent(segment)
    } catch {
      return undefined
    }
  }
  return params
}

/** Finds what answers at a path; a path without parameters wins over one with them. */
export function pathsOf(endpoints: readonly Mounted[]): (path: string) => Found | undefined {
  const places = new Map<string, { path: string; methods: Map<string, Endpoint> }>()
  for (const { path, endpoint } of endpoints) {
    const place = places.get(path) ?? { path, methods: new Map<string, Endpoint>() }
    if (place.methods.has(endpoint.method)) throw new Error(`two endpoints answer ${endpoint.method} ${path}`)
    place.methods.set(endpoint.method, endpoint)
    places.set(path, place)
  }
  const plain = new Map<string, Found>()
  const patterns: Pattern[] = []
  for (const place of places.values()) {
    const segments = place.path.split('/')
    if (segments.some(isParam)) patterns.push({ ...place, segments })
    else plain.set(place.path, { ...place, params: none })
  }
  return (path) => {
    const exact = plain.get(path)
    if (exact !== undefined) return exact
    const segments = path.split('/')
    for (const pattern of patterns) {
      const params = paramsIn(pattern, segments)
      if (params !== undefined) return { path: pattern.path, methods: pattern.methods, params }
    }
    return undefined
  }
}
