import type { DatabaseSync } from 'node:sqlite'
import type { Credential } from '../../domain/credential.ts'
import { retiredMs } from '../../domain/customer.ts'
import { randomId } from '../../domain/ids.ts'
import type { Profile, ProfilePage, StoredProfile } from '../registry.ts'
import { credentialFrom, profileFrom } from '../stored.ts'

/** Parsed when the key is unknown. Of a typical length, so that an unknown customer takes as long as a known one. */
const placeholder = JSON.stringify({
  customer: 'unknown-customer',
  keyId: 'ak_live_00000000000000000000',
  environment: 'live',
  notBefore: 1_700_000_000_000,
  createdAt: 1_700_000_000_000,
  scheme: 'basic',
  digest: '0'.repeat(64),
})

/** The statements of profiles and of the keys in them. Those that write run inside a transaction that their caller holds. */
export function profilesOf(db: DatabaseSync) {
  const read = db.prepare('SELECT version, document FROM profiles WHERE customer = ?')
  const readPage = db.prepare('SELECT version, document FROM profiles WHERE customer > ? ORDER BY customer LIMIT ?')
  // A look-up by the whole key: how many keys a customer has, or whether it exists, costs nothing more.
  const readCredential = db.prepare('SELECT document FROM credentials WHERE customer = ? AND key_id = ?')
  const write = db.prepare('INSERT OR REPLACE INTO profiles (customer, version, document) VALUES (?, ?, ?)')
  const drop = db.prepare('DELETE FROM profiles WHERE customer = ? AND version = ?')
  const dropCredentials = db.prepare('DELETE FROM credentials WHERE customer = ?')
  const writeCredentials = db.prepare(
    `INSERT INTO credentials (customer, key_id, document)
     SELECT ?, json_extract(value, '$.keyId'), value FROM json_each(?, '$.credentials')`,
  )
  const retire = db.prepare('INSERT OR REPLACE INTO retired (customer, until) VALUES (?, ?)')
  const readRetired = db.prepare('SELECT until FROM retired WHERE customer = ? AND until > ?')

  return {
    load(customer: string): StoredProfile | undefined {
      const row = read.get(customer)
      if (row === undefined) return undefined
      return { version: String(row.version), profile: profileFrom(String(row.document)) }
    },

    page(after: string | undefined, limit: number): ProfilePage {
      const rows = readPage.all(after ?? '', limit)
      const profiles = rows.map((row) => ({ version: String(row.version), profile: profileFrom(String(row.document)) }))
      const last = profiles.at(-1)?.profile.customer.id
      return { profiles, ...(rows.length === limit && last !== undefined && { next: last }) }
    },

    credential(customer: string, keyId: string): Credential | undefined {
      const row = readCredential.get(customer, keyId)
      const credential = credentialFrom(row === undefined ? placeholder : String(row.document))
      return row === undefined ? undefined : credential
    },

    /** @returns false if it has another version */
    save(profile: Profile, expected: string | undefined): boolean {
      const { id } = profile.customer
      if (this.load(id)?.version !== expected) return false
      const document = JSON.stringify(profile)
      write.run(id, randomId(), document)
      dropCredentials.run(id)
      writeCredentials.run(id, document)
      return true
    },

    remove(customer: string, expected: string, now: number): boolean {
      if (drop.run(customer, expected).changes === 0) return false
      dropCredentials.run(customer)
      retire.run(customer, now + retiredMs)
      return true
    },

    /** Until when the id of a removed customer cannot be used again. */
    retiredUntil(customer: string, now: number): number | undefined {
      const row = readRetired.get(customer, now)
      return row === undefined ? undefined : Number(row.until)
    },
  }
}
