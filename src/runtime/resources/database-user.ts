import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'

export interface UserRequest {
  readonly engine: 'mariadb' | 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  /** The user to make, or whose password to set. */
  readonly user: string
  /** Absent: the user logs in with tokens of IAM. */
  readonly password?: string | undefined
  readonly master: { readonly user: string; readonly password: string }
  /** Only a database on this machine is spoken to without. */
  readonly tls: boolean
}

/** Names become part of SQL as they are. */
const namePattern = /^[a-z][a-z0-9_]{0,31}$/
const connectMs = 10_000
const iterations = 4096

function sha1(data: string | Buffer): Buffer {
  return createHash('sha1').update(data).digest()
}

/**
 * What MariaDB keeps of a password (https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/). It is sent
 * instead of the password, so that no log of statements ever holds that.
 */
function mariadbHash(password: string): string {
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** The same for PostgreSQL: a SCRAM verifier (RFC 5803), which it takes in the place of a password. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac(salted, 'Server Key').toString('base64')}`
}

async function inMariaDb({ host, port, database, user, password, master, tls }: UserRequest): Promise<void> {
  const own = { host, port, user: master.user, password: master.password, connectTimeout: connectMs }
  const connection = await createConnection({ ...own, ...(tls && { ssl: {} }) })
  try {
    const identified = password === undefined ? "WITH AWSAuthenticationPlugin AS 'RDS'" : `BY PASSWORD '${mariadbHash(password)}'`
    await connection.query(`CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED ${identified}`)
    await connection.query(`ALTER USER '${user}'@'%' IDENTIFIED ${identified}`)
    await connection.query(`GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON \`${database}\`.* TO '${user}'@'%'`)
  } finally {
    await connection.end()
  }
}

/** A member of `rds_iam` cannot log in with a password any more. Only RDS has that role. */
async function setIamLogin(client: pg.Client, user: string, wanted: boolean): Promise<void> {
  const member = `SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
    WHERE r.rolname = 'rds_iam' AND u.rolname = $1`
  const { rowCount } = await client.query(member, [user])
  if (wanted && rowCount === 0) await client.query(`GRANT rds_iam TO "${user}"`)
  if (!wanted && rowCount !== 0) await client.query(`REVOKE rds_iam FROM "${user}"`)
}

async function inPostgres({ host, port, database, user, password, master, tls }: UserRequest): Promise<void> {
  const own = { host, port, database, user: master.user, password: master.password, connectionTimeoutMillis: connectMs }
  const client = new pg.Client({ ...own, ...(tls && { ssl: true }) })
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user])
    const verb = rowCount === 0 ? 'CREATE' : 'ALTER'
    const secret = password === undefined ? 'NULL' : `'${scramVerifier(password)}'`
    await client.query(`${verb} ROLE "${user}" LOGIN PASSWORD ${secret}`)
    await setIamLogin(client, user, password === undefined)
    await client.query(`GRANT CONNECT ON DATABASE "${database}" TO "${user}"`)
    await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO "${user}"`)
  } finally {
    await client.end()
  }
}

/**
 * Makes the worker's user in the carriers' database, or gives it another password or another login. It may make, change and use the
 * tables of that database, and nothing else.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
 */
export async function ensureUser(request: UserRequest): Promise<void> {
  if (!namePattern.test(request.user) || !namePattern.test(request.database)) {
    throw new Error('A user or database of such a name cannot be made: use a-z, 0-9 and "_".')
  }
  if (request.engine === 'mariadb') await inMariaDb(request)
  else await inPostgres(request)
}
