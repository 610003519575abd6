import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordOf } from '../../../domain/record.ts'
import { isMap } from '../../../operations/cloudformation/index.ts'
import { mariadbServer, postgresServer, type Server } from '../../servers/index.ts'
import type { Authority } from '../aws/authority.ts'
import type { Secrets } from '../aws/secrets.ts'
import type { Resource } from '../template/resource.ts'
import type { NamedServer } from './registry.ts'

interface Parts {
  readonly folder: string
  /** That of Amazon RDS, which Node does not trust by default. */
  readonly authority: Authority
  readonly secrets: Secrets
  readonly all: readonly Resource[]
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

/** Copies a file to where the user of the server can read it, and nobody else. */
function readableBy(user: string, from: string, to: string): string {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
  if (process.getuid?.() === 0) execFileSync('chown', [user, to])
  return to
}

async function startMariaDb(resource: Resource, address: string, parts: Parts): Promise<Server> {
  const { keyFile, certFile } = await parts.authority.issue([address])
  const key = readableBy('mysql', keyFile, join(parts.folder, 'mariadb.key'))
  const certificate = readableBy('mysql', certFile, join(parts.folder, 'mariadb.crt'))
  const own = Object.entries(parametersOf(resource, parts.all)).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`)
  // The first statements are those of RDS itself: its master user, and the database of the template.
  const { user, password, database } = masterOf(resource, parts.secrets)
  const statements = [
    `CREATE DATABASE \`${database}\`;`,
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
  return server
}

async function startPostgres(resource: Resource, address: string, parts: Parts): Promise<Server> {
  const { keyFile, certFile } = await parts.authority.issue([address])
  const key = readableBy('postgres', keyFile, join(parts.folder, 'postgres.key'))
  const certificate = readableBy('postgres', certFile, join(parts.folder, 'postgres.crt'))
  const forced = parametersOf(resource, parts.all)['rds.force_ssl'] === '1'
  const access = join(parts.folder, 'pg_hba.conf')
  // `rds.force_ssl` refuses what is not encrypted; `postgres` stands for RDS itself.
  writeFileSync(
    access,
    `host all postgres 127.0.0.1/32 trust\n${forced ? 'hostssl' : 'host'} all all 127.0.0.1/32 scram-sha-256\n`,
  )
  const hba = readableBy('postgres', access, `${access}.own`)
  const server = await postgresServer(parts.folder, {
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: certificate,
    hba_file: hba,
  })
  await server.start()
  await createMaster(server.port, masterOf(resource, parts.secrets))
  return server
}

async function createMaster(port: number, { user, password, database }: Master): Promise<void> {
  const { Client } = (await import('pg')).default
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    await client.query(`CREATE ROLE ${user} LOGIN CREATEROLE CREATEDB PASSWORD '${password}'`)
    await client.query(`CREATE DATABASE ${database} OWNER ${user}`)
  } finally {
    await client.end()
  }
}

/** The carriers' database of a stage: a real MariaDB or PostgreSQL with TLS, the master user and the parameters of the template. */
export async function startDatabase(resource: Resource, parts: Parts): Promise<NamedServer> {
  const address = String(resource.attribute('Endpoint.Address'))
  const postgres = String(resource.properties.Engine).startsWith('postgres')
  const server = await (postgres ? startPostgres : startMariaDb)(resource, address, parts)
  const port = Number(resource.attribute('Endpoint.Port'))
  return { id: resource.physicalId, names: [address], port, to: server.port, stop: () => server.kill() }
}
