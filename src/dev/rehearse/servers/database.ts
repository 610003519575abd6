import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { recordOf } from '../../../domain/record.ts'
import { isMap } from '../../../operations/cloudformation/index.ts'
import { mariadbServer, postgresServer, type Server } from '../../servers/index.ts'
import type { Authority } from '../aws/authority.ts'
import type { Secrets } from '../aws/secrets.ts'
import type { Resource } from '../template/resource.ts'
import { mariaDbDoor } from './login/mariadb.ts'
import { postgresDoor } from './login/postgres.ts'
import type { Door } from './login/secured.ts'
import type { TokenRules } from './login/token.ts'
import type { NamedServer } from './registry.ts'

const startTries = 300

interface Parts {
  readonly folder: string
  /** That of Amazon RDS, which Node does not trust by default. */
  readonly authority: Authority
  readonly secrets: Secrets
  readonly all: readonly Resource[]
  /** Whether the database of this host and id lets a user in with a token of IAM. */
  readonly admits: (token: string, user: string, database: TokenDatabase) => boolean
}

/** What a token and a right to log in name. */
export type TokenDatabase = Pick<TokenRules, 'host' | 'port' | 'resourceId'>

/** A server, with the door that its connections pass, if it takes tokens. */
interface Started {
  readonly server: Server
  readonly door: Door | undefined
}

interface Master {
  readonly user: string
  readonly password: string
  readonly database: string
}

function masterOf({ properties, attribute }: Resource, secrets: Secrets): Master {
  const secret = recordOf(JSON.parse(secrets.text(String(attribute('MasterUserSecret.SecretArn'))) ?? '{}'))
  return { user: String(secret.username), password: String(secret.password), database: String(properties.DBName) }
}

/** The parameters of the group that the instance has. */
function parametersOf({ properties }: Resource, all: readonly Resource[]): Readonly<Record<string, string>> {
  const group = all.find(({ physicalId }) => physicalId === properties.DBParameterGroupName)
  const { Parameters } = group?.properties ?? {}
  return Object.fromEntries(Object.entries(isMap(Parameters) ? Parameters : {}).map(([name, value]) => [name, String(value)]))
}

/** Copies a file to where the user of the server can read it, and no other user can. */
function readableBy(user: string, from: string, to: string): string {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
  if (process.getuid?.() === 0) execFileSync('chown', [user, to])
  return to
}

async function startMariaDb(resource: Resource, database: TokenDatabase, parts: Parts): Promise<Started> {
  const certificateOf = await parts.authority.issue([database.host])
  const { keyFile, certFile } = certificateOf
  const key = readableBy('mysql', keyFile, join(parts.folder, 'mariadb.key'))
  const certificate = readableBy('mysql', certFile, join(parts.folder, 'mariadb.crt'))
  const own = Object.entries(parametersOf(resource, parts.all)).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`)
  // The first statements are those of RDS itself: its master user, and the database of the template.
  const { user, password, database: name } = masterOf(resource, parts.secrets)
  const statements = [
    `CREATE DATABASE \`${name}\`;`,
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%' WITH GRANT OPTION;`,
  ]
  const init = join(parts.folder, 'mariadb.sql')
  writeFileSync(init, statements.join('\n'))
  readableBy('mysql', init, `${init}.own`)
  const server = await mariadbServer(parts.folder, [
    `--ssl-key=${key}`,
    `--ssl-cert=${certificate}`,
    `--init-file=${init}.own`,
    ...own,
  ])
  await server.start()
  if (!takesTokens(resource)) return { server, door: undefined }
  const path = join(parts.folder, 'mariadb', 'm.sock')
  const admits = (token: string, of: string) => parts.admits(token, of, database)
  return { server, door: await mariaDbDoor({ path, certificate: certificateOf, admits }) }
}

async function startPostgres(resource: Resource, database: TokenDatabase, parts: Parts): Promise<Started> {
  const certificateOf = await parts.authority.issue([database.host])
  const { keyFile, certFile } = certificateOf
  const key = readableBy('postgres', keyFile, join(parts.folder, 'postgres.key'))
  const certificate = readableBy('postgres', certFile, join(parts.folder, 'postgres.crt'))
  const forced = parametersOf(resource, parts.all)['rds.force_ssl'] === '1'
  const access = join(parts.folder, 'pg_hba.conf')
  const tokens = takesTokens(resource)
  // `rds.force_ssl` refuses what is not encrypted; `postgres` stands for RDS itself. Where there are tokens, a door refuses that, and
  // decides on the members of `rds_iam`.
  const others = tokens ? 'host all +rds_iam 127.0.0.1/32 trust\nhost' : forced ? 'hostssl' : 'host'
  writeFileSync(access, `host all postgres 127.0.0.1/32 trust\n${others} all all 127.0.0.1/32 scram-sha-256\n`)
  const hba = readableBy('postgres', access, `${access}.own`)
  const server = await postgresServer(parts.folder, {
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: certificate,
    hba_file: hba,
  })
  await server.start()
  await createMaster(server.port, masterOf(resource, parts.secrets))
  if (!tokens) return { server, door: undefined }
  const admits = (token: string, of: string) => parts.admits(token, of, database)
  const usesTokens = (of: string) => isTokenUser(server.port, of)
  return { server, door: await postgresDoor({ port: server.port, certificate: certificateOf, usesTokens, admits }) }
}

function takesTokens({ properties }: Resource): boolean {
  return String(properties.EnableIAMDatabaseAuthentication) === 'true'
}

async function isTokenUser(port: number, user: string): Promise<boolean> {
  const { Client } = (await import('pg')).default
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    const sql =
      "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = 'rds_iam' AND u.rolname = $1 AND u.rolcanlogin AND NOT m.admin_option"
    return ((await client.query(sql, [user])).rowCount ?? 0) > 0
  } finally {
    await client.end()
  }
}

/** PostgreSQL listens before it serves (SQLSTATE 57P03, cannot_connect_now). */
async function connected<T extends { connect(): Promise<unknown> }>(make: () => T): Promise<T> {
  for (let round = 1; ; round++) {
    const client = make()
    try {
      await client.connect()
      return client
    } catch (error) {
      const starting = error instanceof Error && 'code' in error && error.code === '57P03'
      if (!starting || round === startTries) throw error
      await sleep(100)
    }
  }
}

async function createMaster(port: number, { user, password, database }: Master): Promise<void> {
  const { Client } = (await import('pg')).default
  const client = await connected(() => new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' }))
  try {
    await client.query(`CREATE ROLE ${user} LOGIN CREATEROLE CREATEDB PASSWORD '${password}'`)
    await client.query(`CREATE DATABASE ${database} OWNER ${user}`)
    // RDS has it in every database, and lets the master user grant it.
    await client.query('CREATE ROLE rds_iam NOLOGIN')
    await client.query(`GRANT rds_iam TO ${user} WITH ADMIN OPTION`)
  } finally {
    await client.end()
  }
}

/** The carriers' database of a stage: a real MariaDB or PostgreSQL with TLS, the master user and the parameters of the template. */
export async function startDatabase(resource: Resource, parts: Parts): Promise<NamedServer> {
  const host = String(resource.attribute('Endpoint.Address'))
  const port = Number(resource.attribute('Endpoint.Port'))
  const database = { host, port, resourceId: String(resource.attribute('DbiResourceId')) }
  const postgres = String(resource.properties.Engine).startsWith('postgres')
  const { server, door } = await (postgres ? startPostgres : startMariaDb)(resource, database, parts)
  return {
    id: resource.physicalId,
    names: [host],
    port,
    to: door?.port ?? server.port,
    inside: server.port,
    stop: async () => {
      await door?.close()
      await server.kill()
    },
  }
}
