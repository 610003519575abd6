import { createHmac, hkdfSync } from 'node:crypto'
import { Problem } from '../../../domain/problem.ts'
import type { MasterKey, MasterKeys } from '../../../domain/seal.ts'
import { sameSignature } from '../../../domain/signature.ts'
import type { Owner } from '../../ports/index.ts'

/** Makes the ledger's cursors safe to hand out: authenticated, and good for the customer that got them. */
export interface Cursors {
  give(owner: Owner, cursor: string): string
  /** @throws Problem `cursor-invalid` */
  take(owner: Owner, cursor: string): string
}

const keyBytes = 32
/** 128 bits: what HMAC-SHA-256 may be cut to (RFC 2104, section 5). */
const macBytes = 16

/** A key of its own, so that no number of cursors weakens what is sealed under the master key. */
function keyFrom({ bytes }: MasterKey): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', bytes, '', 'apigw/report-cursor/v1', keyBytes))
}

function macOf(key: Uint8Array, { customer, environment }: Owner, cursor: string): Uint8Array {
  return createHmac('sha256', key).update(`${customer}\n${environment}\n${cursor}`).digest().subarray(0, macBytes)
}

/**
 * Cursors as `CURSOR.MAC`. A cursor without a MAC is refused: otherwise a forger would only have to leave it out.
 * @param masterKeys absent: cursors go out as the ledger makes them
 */
export function createCursors(masterKeys: MasterKeys | undefined): Cursors {
  if (masterKeys === undefined) return { give: (_owner, cursor) => cursor, take: (_owner, cursor) => cursor }
  const current = keyFrom(masterKeys.current)
  const keys = [...masterKeys.all.values()].map(keyFrom)
  return {
    give: (owner, cursor) => `${cursor}.${Buffer.from(macOf(current, owner, cursor)).toString('base64url')}`,
    take: (owner, text) => {
      const [cursor = '', mac, more] = text.split('.')
      const given = Buffer.from(mac ?? '', 'base64url')
      if (more === undefined && keys.some((key) => sameSignature(given, macOf(key, owner, cursor)))) return cursor
      throw new Problem('cursor-invalid', 'This cursor was changed, or is of another customer or environment.', {
        next: 'leave the cursor out to begin with the oldest report',
      })
    },
  }
}
