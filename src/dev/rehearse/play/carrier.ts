import type { RehearsedStage } from '../stage/stage.ts'

/** A row that waits in a carrier's table. */
export interface CarrierRow {
  readonly id: string
  readonly recipient: string
}

type Query = (sql: string) => Promise<readonly Record<string, unknown>[]>

async function mariaDb(port: number, database: string): Promise<{ query: Query; end(): Promise<unknown> }> {
  const { createConnection } = await import('mysql2/promise')
  // RDS itself: the server of the rehearsal is on this machine, and its certificate has the name on AWS.
  const ssl = { rejectUnauthorized: false }
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', database, ssl })
  const query: Query = async (sql) => {
    const [rows] = await connection.query(sql)
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : []
  }
  return { query, end: () => connection.end() }
}

async function postgres(port: number, database: string): Promise<{ query: Query; end(): Promise<unknown> }> {
  const { Client } = (await import('pg')).default
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database })
  await client.connect()
  return { query: async (sql) => (await client.query(sql)).rows, end: () => client.end() }
}

/**
 * Plays a carrier on a table that apigw manages (docs/operate.md, "Carriers"): it takes the rows that wait, and writes that it
 * has delivered them.
 */
export async function deliver(stage: RehearsedStage, table: string): Promise<readonly CarrierRow[]> {
  const resource = stage.resources.find(({ type }) => type === 'AWS::RDS::DBInstance')
  const server = stage.workshop.servers.find(({ id }) => id === resource?.physicalId)
  if (resource === undefined || server === undefined) throw new Error('the stage has no database')
  const database = String(resource.properties.DBName)
  const open = String(resource.properties.Engine).startsWith('postgres') ? postgres : mariaDb
  const { query, end } = await open(server.inside ?? server.to, database)
  try {
    const rows = await query(`SELECT id, recipient FROM ${table} WHERE status = 0`)
    const found = rows.map(({ id, recipient }) => ({ id: String(id), recipient: String(recipient) }))
    // By their ids, because another row may have been written since.
    const ids = found.map(({ id }) => `'${id}'`).join(', ')
    if (found.length > 0) {
      await query(`UPDATE ${table} SET status = 2, result = 'delivered', result_at = ${Date.now()} WHERE id IN (${ids})`)
    }
    return found
  } finally {
    await end()
  }
}
