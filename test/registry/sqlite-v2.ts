/** The schema of version 2 of a registry file, from before open reservations. It never changes. */
export const schemaV2 = `
CREATE TABLE IF NOT EXISTS profiles (
  customer TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS usage (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  tat INTEGER NOT NULL,
  day TEXT NOT NULL,
  day_used INTEGER NOT NULL,
  month TEXT NOT NULL,
  month_used INTEGER NOT NULL,
  PRIMARY KEY (customer, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS idempotency (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  key TEXT NOT NULL,
  record TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (customer, environment, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_expiry ON idempotency (expires_at);

CREATE TABLE IF NOT EXISTS refunds (
  reservation TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refunds_expiry ON refunds (expires_at);

CREATE TABLE IF NOT EXISTS nonces (
  customer TEXT NOT NULL,
  key_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (customer, key_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonces_expiry ON nonces (expires_at);

CREATE TABLE IF NOT EXISTS documents (
  name TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  customer TEXT NOT NULL,
  who TEXT NOT NULL,
  origin TEXT NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS history_customer ON history (customer, id);
PRAGMA application_id = 0x61706777;
PRAGMA user_version = 2;
`
