/**
 * Version 5 of the file. Version 1 had no nonces and no documents; version 2 had no table of credentials, no retired ids and
 * no open reservations; version 3 had no table of messages; version 4 did not know the units of
 * a message, nor whose were given back. `STRICT` refuses a value of the wrong type, `WITHOUT ROWID` keeps a row in its key's own
 * tree, so that one admission touches one page of each table.
 */
export const schema = `
CREATE TABLE IF NOT EXISTS profiles (
  customer TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS credentials (
  customer TEXT NOT NULL,
  key_id TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (customer, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS retired (
  customer TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS usage (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  tat INTEGER NOT NULL,
  day TEXT NOT NULL,
  day_used INTEGER NOT NULL,
  month TEXT NOT NULL,
  month_used INTEGER NOT NULL,
  day_back INTEGER NOT NULL DEFAULT 0,
  day_since INTEGER NOT NULL DEFAULT 0,
  day_end INTEGER NOT NULL DEFAULT 0,
  month_back INTEGER NOT NULL DEFAULT 0,
  month_since INTEGER NOT NULL DEFAULT 0,
  month_end INTEGER NOT NULL DEFAULT 0,
  zone TEXT NOT NULL DEFAULT '',
  reconcile_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (customer, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS open_reservations (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  reservation TEXT NOT NULL,
  units INTEGER NOT NULL,
  rate_cost INTEGER NOT NULL,
  admitted_at INTEGER NOT NULL,
  claim TEXT,
  fingerprint TEXT,
  trace TEXT,
  PRIMARY KEY (customer, environment, reservation)
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

CREATE TABLE IF NOT EXISTS messages (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  period INTEGER NOT NULL,
  reservation TEXT,
  units INTEGER NOT NULL DEFAULT 1,
  kind TEXT,
  PRIMARY KEY (customer, environment, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_period ON messages (period);
CREATE INDEX IF NOT EXISTS messages_open ON messages (reservation) WHERE reservation IS NOT NULL;

CREATE TABLE IF NOT EXISTS counts (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  hour INTEGER NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (customer, environment, hour, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counts_hour ON counts (hour);

CREATE TABLE IF NOT EXISTS reports_counted (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  cursor TEXT NOT NULL,
  PRIMARY KEY (customer, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS returned (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  units INTEGER NOT NULL,
  returned_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (customer, environment, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS returned_expiry ON returned (expires_at);

CREATE TABLE IF NOT EXISTS released (
  customer TEXT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  claim TEXT,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (customer, environment, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS released_expiry ON released (expires_at);

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

INSERT OR IGNORE INTO credentials (customer, key_id, document)
  SELECT p.customer, json_extract(c.value, '$.keyId'), c.value FROM profiles p, json_each(p.document, '$.credentials') c;
`

/** What files of these versions lack in tables that they have. Version 3 lacks nothing. */
export const upgrades: readonly { readonly from: number; readonly until: number; readonly sql: string }[] = [
  { from: 4, until: 5, sql: 'ALTER TABLE messages ADD COLUMN kind TEXT;' },
  { from: 4, until: 4, sql: 'ALTER TABLE messages ADD COLUMN units INTEGER NOT NULL DEFAULT 1;' },
  {
    from: 1,
    until: 2,
    sql: `
ALTER TABLE usage ADD COLUMN day_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN day_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN day_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN month_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN month_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN month_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE usage ADD COLUMN reconcile_at INTEGER NOT NULL DEFAULT 0;
DROP TABLE IF EXISTS refunds;
`,
  },
]

/** `PRAGMA application_id` of a registry file ("apgw"), so that another program's database is not taken for one. */
export const applicationId = 0x61_70_67_77
export const schemaVersion = 6
