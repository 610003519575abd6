import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { phoneNumber } from './phone.ts'

const minute = 60_000
const day = 86_400_000

/**
 * How long after it was asked for an erasure looks again, in milliseconds. A queue keeps a message for 14 days, so after that none
 * that was accepted before is still to come (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-architecture.html).
 */
export const watchMs = 15 * day
/** When an erasure ends although rows never settled: a message may be held for 30 days, and a carrier takes a few more. */
export const giveUpMs = 60 * day
/** How long what was done is remembered. */
export const rememberedMs = 400 * day

/** By what a worker recognizes the number of a person in a carrier's table. The number itself is stored nowhere. */
export interface PersonMatch {
  readonly salt: string
  readonly hash: string
}

function saltedHash(salt: string, number: string): Buffer {
  return createHmac('sha256', Buffer.from(salt, 'base64url')).update(number).digest()
}

/** @param number E.164, as `phoneNumber` gives it */
export function matchOf(number: string): PersonMatch {
  const salt = randomBytes(32).toString('base64url')
  return { salt, hash: saltedHash(salt, number).toString('base64url') }
}

/** Whether a number in a table is of the person. */
export function isOf({ salt, hash }: PersonMatch, written: string): boolean {
  const number = phoneNumber(written.trim(), 'recipient')
  if (number === undefined) return false
  return timingSafeEqual(saltedHash(salt, number), Buffer.from(hash, 'base64url'))
}

/** A request to erase what is kept of one person. */
export interface Erasure {
  /** A keyed hash of the number and of whose messages are meant: the same request has the same id. */
  readonly id: string
  /** Messages that were accepted up to then are erased; milliseconds since 1970. */
  readonly at: number
  /** Absent: of all customers. */
  readonly customer?: string
  /** Absent once it is done. */
  readonly match?: PersonMatch
  /** When somewhere is to be looked at again. */
  readonly nextAt: number
  /** When the tables are to be looked through again. */
  readonly walkAt: number
  /** Where the look through the tables stands; absent: at the beginning. */
  readonly place?: { readonly table: string; readonly after?: string }
  /** Messages under way that the present look through the tables has met. */
  readonly met: number
  /** Messages that were erased. */
  readonly messages: number
  /** Messages that are under way: they are erased after they have settled. */
  readonly waiting: number
  /** Tables that could not be changed, and why. */
  readonly failures: readonly string[]
  readonly doneAt?: number
}

/** What one look found. */
export interface Looked {
  /** Messages that the ledger knows and that are under way. */
  readonly waiting: number
  /** How far the look through the tables came: it was not due, it continues, or it has ended. */
  readonly tables: 'not due' | 'begun' | 'ended'
}

/** A request as it is right after it was made, or made again. */
export function asked(id: string, number: string, customer: string | undefined, now: number, before?: Erasure): Erasure {
  return {
    id,
    at: now,
    ...(customer !== undefined && { customer }),
    match: before?.match ?? matchOf(number),
    nextAt: now,
    walkAt: now,
    met: 0,
    messages: before?.messages ?? 0,
    waiting: 0,
    failures: [],
  }
}

/**
 * When a request is looked at again, and whether it is done. It is done when nothing is under way and no queue can still hold a message of the
 * person, and after 60 days in any case.
 */
export function afterLook(erasure: Erasure, looked: Looked, now: number): Erasure {
  const { at, met, walkAt, failures } = erasure
  // Most of those that were met in a table are those that the ledger knows.
  const waiting = Math.max(looked.waiting, met)
  if (looked.tables === 'begun') return { ...erasure, waiting, nextAt: now }
  const age = now - at
  const nextAt = now + Math.min(day, Math.max(5 * minute, age / 4))
  if (looked.tables === 'not due') return { ...erasure, waiting, nextAt: Math.min(nextAt, walkAt) }
  if (age >= giveUpMs || (age >= watchMs && waiting === 0 && failures.length === 0)) {
    const { match: _, ...rest } = erasure
    return { ...rest, waiting, nextAt: now, doneAt: now }
  }
  const again = met > 0 || failures.length > 0 ? now + day : Math.max(now, at + watchMs)
  return { ...erasure, waiting, nextAt, walkAt: Math.min(again, at + giveUpMs) }
}

/** What stands in place of a number in a table of apigw: 15 characters, which the column has room for. */
export function erasedMark(now: number): string {
  return `erased ${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** Whether a column of numbers holds none any more. */
export function isErased(written: string): boolean {
  return written.trim() === '' || written.startsWith('erased ')
}
