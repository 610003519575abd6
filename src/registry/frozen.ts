import * as z from 'zod'
import { Problem } from '../domain/problem.ts'
import type { Readiness } from './registry.ts'
import { readerOf } from './stored.ts'

/** The shared document that says whether a registry is frozen. Each store also marks what its writes look at. */
export const frozenDocument = 'registry-frozen'

/** What a frozen registry refuses. `admissions`: new calls and changes; calls in progress can be settled. `all`: every write. */
export const freezeLevels = ['admissions', 'all'] as const
export type FreezeLevel = (typeof freezeLevels)[number]

export function isFreezeLevel(value: unknown): value is FreezeLevel {
  return freezeLevels.some((level) => level === value)
}

const freeze = z.looseObject({
  /** Names this freeze: what was copied during another one may be out of date. */
  id: z.string(),
  level: z.enum(freezeLevels),
  /** The address of the registry that it is copied to, without a password. */
  to: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  /** The other registry has everything, and is in use. */
  complete: z.literal(true).exactOptional(),
})
export type Freeze = z.infer<typeof freeze>

export const freezeFrom = readerOf('the state of a move', freeze)

/** What a registry refuses. @param text of `frozenDocument` */
export function frozenLevel(text: string | null | undefined): FreezeLevel | undefined {
  return typeof text === 'string' ? freezeFrom(text).level : undefined
}

/** What a frozen registry answers. Its reader may be a customer, so it names no address. */
export function frozenProblem(): Problem {
  return new Problem('registry-frozen', 'The registry is being moved. Nothing was counted.', { retryAfterMs: 5000 })
}

/** What a frozen registry says of itself. @param text of `frozenDocument` */
export function frozenReadiness(text: string | undefined): Readiness {
  if (text === undefined) return {}
  return { degraded: { reason: 'frozen', what: 'The registry is frozen, because it is being moved or was moved.' } }
}
