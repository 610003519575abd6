import type { CarrierEngine, TableFacts } from '../sql/index.ts'
import type { Migration } from './database.ts'

type EngineName = CarrierEngine['name']

interface Step extends Migration {
  readonly sql: Readonly<Record<EngineName, readonly string[]>>
}

/** The migrations, applied in order and once. A released step is never changed; a later step changes its result. */
export const steps: readonly Step[] = [
  {
    version: 1,
    name: 'ids that were seen, and rows that were rejected',
    sql: {
      // The one index serves both questions: what has no report yet (reported_at is null), and what may be forgotten.
      sqlite: [
        `CREATE TABLE ingest_seen (msg_id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL, customer TEXT NOT NULL,
           environment TEXT NOT NULL, ref TEXT, reported_at INTEGER) STRICT, WITHOUT ROWID`,
        'CREATE INDEX ingest_seen_reported ON ingest_seen (reported_at, seen_at)',
        `CREATE TABLE ingest_rejected (msg_id TEXT PRIMARY KEY, queue TEXT NOT NULL, reason TEXT NOT NULL,
           rejected_at INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
      ],
      mysql: [
        `CREATE TABLE ingest_seen (
           msg_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, seen_at BIGINT NOT NULL,
           customer VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           environment CHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           ref VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, reported_at BIGINT, batch BINARY(8) NOT NULL,
           KEY ingest_seen_reported (reported_at, seen_at)
         ) ENGINE = InnoDB`,
        `CREATE TABLE ingest_rejected (
           msg_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, queue VARCHAR(80) NOT NULL,
           reason VARCHAR(500) NOT NULL, rejected_at BIGINT NOT NULL
         ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      ],
      postgres: [
        `CREATE TABLE ingest_seen (msg_id text COLLATE "C" PRIMARY KEY, seen_at bigint NOT NULL, customer text NOT NULL,
           environment text NOT NULL, ref text, reported_at bigint)`,
        'CREATE INDEX ingest_seen_reported ON ingest_seen (reported_at, seen_at)',
        `CREATE TABLE ingest_rejected (msg_id text COLLATE "C" PRIMARY KEY, queue text NOT NULL, reason text NOT NULL,
           rejected_at bigint NOT NULL)`,
      ],
    },
  },
  {
    version: 2,
    name: 'messages that are held until their time, and what ended while it was held',
    sql: {
      // One index for what is due, and one for what the ledger does not know yet.
      sqlite: [
        `CREATE TABLE held_messages (msg_id TEXT PRIMARY KEY, queue TEXT NOT NULL, customer TEXT NOT NULL,
           environment TEXT NOT NULL, due_at INTEGER NOT NULL, message TEXT NOT NULL, noted INTEGER NOT NULL DEFAULT 0,
           claimed_at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID`,
        'CREATE INDEX held_messages_due ON held_messages (queue, due_at)',
        'CREATE INDEX held_messages_noted ON held_messages (queue, noted, due_at)',
        `CREATE TABLE ingest_ended (msg_id TEXT PRIMARY KEY, queue TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT,
           ended_at INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
      ],
      mysql: [
        `CREATE TABLE held_messages (
           msg_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
           queue VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           customer VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           environment CHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, due_at BIGINT NOT NULL,
           message MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, noted TINYINT NOT NULL DEFAULT 0,
           claimed_at BIGINT NOT NULL DEFAULT 0,
           KEY held_messages_due (queue, due_at), KEY held_messages_noted (queue, noted, due_at)
         ) ENGINE = InnoDB`,
        `CREATE TABLE ingest_ended (
           msg_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
           queue VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           outcome VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
           code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, ended_at BIGINT NOT NULL
         ) ENGINE = InnoDB`,
      ],
      postgres: [
        `CREATE TABLE held_messages (msg_id text COLLATE "C" PRIMARY KEY, queue text NOT NULL, customer text NOT NULL,
           environment text NOT NULL, due_at bigint NOT NULL, message text NOT NULL, noted smallint NOT NULL DEFAULT 0,
           claimed_at bigint NOT NULL DEFAULT 0)`,
        'CREATE INDEX held_messages_due ON held_messages (queue, due_at)',
        'CREATE INDEX held_messages_noted ON held_messages (queue, noted, due_at)',
        `CREATE TABLE ingest_ended (msg_id text COLLATE "C" PRIMARY KEY, queue text NOT NULL, outcome text NOT NULL,
           code text, ended_at bigint NOT NULL)`,
      ],
    },
  },
  {
    version: 3,
    name: 'columns of managed tables for alimtalk, purposes and origin codes',
    // The managed tables are those of the carriers: `upgradeSql` says what each lacks.
    sql: { sqlite: [], mysql: [], postgres: [] },
  },
  {
    version: 4,
    name: 'where the events of a message are sent',
    // Last and without a default, so that no engine copies the rows, and a worker of the version before writes as it did.
    sql: {
      sqlite: ['ALTER TABLE ingest_seen ADD COLUMN callback TEXT'],
      mysql: ['ALTER TABLE ingest_seen ADD COLUMN callback VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin'],
      postgres: ['ALTER TABLE ingest_seen ADD COLUMN callback text'],
    },
  },
]

/** The columns that managed tables got with step 3, with the characters that they hold; `text`: too long for a row. */
const laterColumns = {
  purpose: 10,
  origin_code: 20,
  profile: 64,
  template: 64,
  buttons: 'text',
  fallback_type: 20,
  fallback_sender: 16,
  fallback_subject: 80,
  fallback_body: 4000,
  channel: 20,
} as const
/** Was 3 before there was alimtalk. */
const typeCharacters = 20

function laterColumnsSql(engine: CarrierEngine, names = Object.keys(laterColumns)): string[] {
  return Object.entries(laterColumns)
    .filter(([name]) => names.includes(name))
    .map(([name, size]) => {
      const type = size === 'text' || engine.name === 'sqlite' ? 'TEXT' : `VARCHAR(${size})`
      return `${engine.quoted(name)} ${type}`
    })
}

/**
 * Brings a managed table, or one of its monthly tables, to the columns that it has now. New columns take NULL and come last, so that
 * a worker of the version before writes and moves rows as it did. No engine copies the rows for that.
 * @returns nothing where the table has them
 */
export function upgradeSql(engine: CarrierEngine, table: string, { columns }: TableFacts): string[] {
  const name = engine.quoted(table)
  const known = new Map(columns.map((column) => [column.name.toLowerCase(), column]))
  const lacking = laterColumnsSql(
    engine,
    Object.keys(laterColumns).filter((column) => !known.has(column)),
  )
  const isNarrow = (known.get('type')?.length ?? typeCharacters) < typeCharacters
  switch (engine.name) {
    case 'sqlite':
      return lacking.map((column) => `ALTER TABLE ${name} ADD COLUMN ${column}`)
    case 'mysql':
      return [
        ...(lacking.length === 0 ? [] : [`ALTER TABLE ${name} ${lacking.map((column) => `ADD COLUMN ${column}`).join(', ')}`]),
        ...(isNarrow ? [`ALTER TABLE ${name} MODIFY type VARCHAR(${typeCharacters}) NOT NULL`] : []),
      ]
    default:
      return [
        ...(lacking.length === 0 ? [] : [`ALTER TABLE ${name} ${lacking.map((column) => `ADD COLUMN ${column}`).join(', ')}`]),
        ...(isNarrow ? [`ALTER TABLE ${name} ALTER COLUMN type TYPE varchar(${typeCharacters})`] : []),
      ]
  }
}

/**
 * Selects the names of the tables that this user may change, as `name`. In PostgreSQL that takes their owner, and monthly tables belong
 * to the worker that made them.
 */
export function tablesSql({ name }: Pick<CarrierEngine, 'name'>): string {
  switch (name) {
    case 'sqlite':
      return "SELECT name FROM sqlite_master WHERE type = 'table'"
    case 'mysql':
      return 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()'
    default:
      return "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND pg_has_role(tableowner, 'USAGE')"
  }
}

/** Creates a managed table of a carrier if it is missing, or one of its monthly tables. */
export function tableSql(engine: CarrierEngine, table: string): string[] {
  const name = engine.quoted(table)
  const waiting = engine.quoted(`${table}_waiting`)
  const later = laterColumnsSql(engine).join(', ')
  switch (engine.name) {
    case 'sqlite':
      return [
        `CREATE TABLE IF NOT EXISTS ${name} (
           id TEXT PRIMARY KEY, customer TEXT NOT NULL, environment TEXT NOT NULL, recipient TEXT NOT NULL,
           sender TEXT NOT NULL, type TEXT NOT NULL, subject TEXT, body TEXT NOT NULL, media TEXT, ref TEXT,
           send_at INTEGER NOT NULL, expires_at INTEGER, accepted_at INTEGER NOT NULL,
           status INTEGER NOT NULL DEFAULT 0, result TEXT, result_at INTEGER, ${later}
         ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX IF NOT EXISTS ${waiting} ON ${name} (status, send_at)`,
      ]
    case 'mysql':
      return [
        `CREATE TABLE IF NOT EXISTS ${name} (
           id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
           customer VARCHAR(40) NOT NULL, environment VARCHAR(4) NOT NULL, recipient VARCHAR(16) NOT NULL,
           sender VARCHAR(16) NOT NULL, type VARCHAR(${typeCharacters}) NOT NULL, subject VARCHAR(80), body VARCHAR(4000) NOT NULL,
           media VARCHAR(250), ref VARCHAR(64), send_at BIGINT NOT NULL, expires_at BIGINT, accepted_at BIGINT NOT NULL,
           status TINYINT NOT NULL DEFAULT 0, result VARCHAR(40), result_at BIGINT, ${later},
           KEY ${waiting} (status, send_at)
         ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      ]
    default:
      return [
        `CREATE TABLE IF NOT EXISTS ${name} (
           id text COLLATE "C" PRIMARY KEY, customer varchar(40) NOT NULL, environment varchar(4) NOT NULL,
           recipient varchar(16) NOT NULL, sender varchar(16) NOT NULL, type varchar(${typeCharacters}) NOT NULL, subject varchar(80),
           body varchar(4000) NOT NULL, media varchar(250), ref varchar(64), send_at bigint NOT NULL, expires_at bigint,
           accepted_at bigint NOT NULL, status smallint NOT NULL DEFAULT 0, result varchar(40), result_at bigint, ${later}
         )`,
        `CREATE INDEX IF NOT EXISTS ${waiting} ON ${name} (status, send_at)`,
      ]
  }
}

/** Where it is noted which steps were applied. */
export const versionsSql =
  'CREATE TABLE IF NOT EXISTS apigw_schema (version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, applied_at BIGINT NOT NULL)'
