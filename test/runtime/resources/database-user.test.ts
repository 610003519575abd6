import { randomBytes } from 'node:crypto'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/runtime/ports/index.ts'
import { ensureUser, type UserRequest } from '../../../src/runtime/resources/database-user.ts'
import { carrierA, engines, rowWith, type TestDatabase } from '../../support/databases.ts'

const password = () => randomBytes(24).toString('hex')
const servers = engines.filter(({ engine }) => engine !== 'SQLite')

/** Who RDS lets make users: no superuser (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html). */
async function masterOf(test: TestDatabase, postgres: boolean): Promise<string> {
  const master = `m_${randomBytes(4).toString('hex')}`
  if (postgres) {
    const database = new URL(test.address).pathname.slice(1)
    await test.sql(`CREATE ROLE ${master} LOGIN CREATEROLE CREATEDB`)
    await test.sql(`ALTER DATABASE ${database} OWNER TO ${master}`)
  } else {
    await test.sql(`CREATE USER '${master}'@'%'`)
    const rights = 'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, CREATE USER'
    await test.sql(`GRANT ${rights} ON *.* TO '${master}'@'%' WITH GRANT OPTION`)
  }
  onTestFinished(async () => {
    const undo = postgres
      ? [`REASSIGN OWNED BY ${master} TO postgres`, `DROP OWNED BY ${master}`, `DROP ROLE ${master}`]
      : [`DROP USER '${master}'@'%'`]
    for (const one of undo) await test.sql(one)
  })
  return master
}

async function requestFor(test: TestDatabase): Promise<UserRequest & { readonly password: string }> {
  const { protocol, hostname, port, pathname } = new URL(test.address)
  const postgres = protocol === 'postgres:'
  return {
    engine: postgres ? 'postgres' : 'mariadb',
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: `u_${randomBytes(4).toString('hex')}`,
    password: password(),
    master: { user: await masterOf(test, postgres), password: '' },
    tls: false,
  }
}

describe.each(servers)('the worker’s user in $engine', ({ create }) => {
  async function made() {
    const test = await create()
    const request = await requestFor(test)
    await ensureUser(request)
    if (request.engine === 'postgres') {
      // Otherwise the test server asks for no password.
      await test.sql(`DO 'BEGIN CREATE ROLE with_password; EXCEPTION WHEN duplicate_object OR unique_violation THEN END'`)
      await test.sql(`GRANT with_password TO "${request.user}"`)
    }
    onTestFinished(async () => {
      if (request.engine === 'postgres') await test.sql(`DROP OWNED BY "${request.user}"`)
      await test.sql(request.engine === 'postgres' ? `DROP ROLE "${request.user}"` : `DROP USER '${request.user}'@'%'`)
    })
    const address = new URL(test.address)
    address.username = request.user
    const open = async (secret: string) => {
      const database = await openDatabase(address.href, { password: secret, connections: 1 })
      onTestFinished(() => database.close())
      return database
    }
    return { test, request, open }
  }

  it('creates the tables, writes to them, and moves finished rows', async () => {
    const { request, open } = await made()
    const database = await open(request.password)
    await database.migrate([carrierA])
    expect(await database.pending()).toEqual([])
    const row = rowWith()
    expect(await database.flush(carrierA, [row])).toBe(1)
    const { id } = row.message
    await database.writeResults(carrierA, [{ id, delivered: true, code: '', at: Date.parse('2026-11-23T00:00:00Z') }])
    await database.markReported([id])
    await database.archive(carrierA, 10)
    expect(await database.outcomes(carrierA, 10)).toEqual([])
  })

  it('has no rights elsewhere', async () => {
    const { test, request } = await made()
    const rights =
      request.engine === 'postgres'
        ? await test.sql(`SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = '${request.user}'`)
        : await test.sql(
            `SELECT PRIVILEGE_TYPE AS p FROM information_schema.USER_PRIVILEGES WHERE GRANTEE LIKE '%${request.user}%'`,
          )
    const expected = request.engine === 'postgres' ? [{ rolsuper: 'f', rolcreatedb: 'f', rolcreaterole: 'f' }] : [{ p: 'USAGE' }]
    expect(rights).toEqual(expected)
  })

  it('gets a new password, and the old one stops working', async () => {
    const { request, open } = await made()
    const next = password()
    await ensureUser({ ...request, password: next })
    const database = await open(next)
    await database.migrate([carrierA])
    const old = await open(request.password)
    await expect(old.pending()).rejects.toMatchObject({ code: 'database-unavailable' })
  })
})

it.each([{ user: "a'; DROP" }, { database: 'a`b' }, { user: '' }])('rejects names with unsafe characters: %j', async (change) => {
  const [mariadb] = servers
  if (mariadb === undefined) throw new Error(`there is no server at ${inject('mariadb')}`)
  const request = { ...(await requestFor(await mariadb.create())), ...change }
  await expect(ensureUser(request)).rejects.toThrow('cannot be made')
})
