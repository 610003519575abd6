import { messagePeriodOf, messagePeriods } from '../../domain/admission.ts'
import { Problem } from '../../domain/problem.ts'
import type { Freeze } from '../frozen.ts'
import type { Entry } from './entries.ts'

/**
 * Shared documents that belong to one store and are never copied: whether it is frozen, what it is called in the marks of others,
 * and what it is a copy of.
 */
export const ownDocuments = {
  frozen: 'registry-frozen',
  id: 'registry-id',
  copy: 'registry-copy',
} as const

const ownNames: ReadonlySet<string> = new Set(Object.values(ownDocuments))

export function isOwnDocument(name: string): boolean {
  return ownNames.has(name)
}

/** A registry that can be copied, and copied to. Its methods are for an operator: they read and write everything. */
export interface CopyableStore {
  /** Without any password. */
  readonly address: string
  /** The store's clock, in milliseconds since 1970. */
  now(): Promise<number>
  ownDocument(name: keyof typeof ownDocuments): Promise<string | undefined>
  /** Writes also while the registry is frozen. */
  putOwnDocument(name: 'id' | 'copy', text: string): Promise<void>
  /**
   * Refuses writes from now on. When it returns, no write that began before can still be made.
   * Repeating it with a higher level is allowed.
   */
  freeze(freeze: Freeze): Promise<void>
  /** Takes writes again. */
  thaw(): Promise<void>
  /** Writes the state of a freeze that stays. */
  noteFreeze(freeze: Freeze): Promise<void>
  /**
   * Everything that is kept and has not expired, in pages, in any order.
   * @throws Problem `registry-corrupt` for what this version does not know
   */
  entries(): AsyncIterable<readonly Entry[]>
  /** Adds or replaces entries. What is written twice is there once. The registry is expected to be frozen, and stays so. */
  write(entries: readonly Entry[]): Promise<void>
  /** Whether it keeps nothing besides its own documents. */
  isEmpty(): Promise<boolean>
  /** Removes everything besides its own documents. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** What a store holds and this version cannot read: it is refused, because it would be lost in the copy. */
export function unknownEntry(address: string, what: string): Problem {
  return new Problem('registry-corrupt', `${address} holds ${what}, which this version cannot copy.`, {
    next: 'use the version of apigw that runs the gateways',
  })
}

/** Entries in pages of at most `size`. */
export function pagesOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}

/** The oldest period whose messages are carried: one more than is asked for, because a clock may be set back. */
export function oldestPeriod(now: number): number {
  return messagePeriodOf(now) - messagePeriods - 1
}
