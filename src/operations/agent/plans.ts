import { CustomerTable } from '../../runtime/agent/index.ts'
import { type Engine, Refusal, type Session, type SqlRow } from '../../runtime/sql/index.ts'
import type { AgentCheck } from './doctor.ts'

/** Reading a table of fewer rows costs less than an index. */
const bigRows = 10_000
/** Rows of a claim, as the agent makes it. */
const claimRows = 500

/** How a database runs a statement. */
export interface Plan {
  /** It reads all rows of the table, or all entries of an index. */
  readonly scans: boolean
  /** It sorts all that it has found, and so has to find all of it first. */
  readonly sorts: boolean
}

/** Absent: the engine has no EXPLAIN that returns the plan as rows and runs nothing. */
const explain: Partial<Record<Engine['name'], string>> = { mysql: 'EXPLAIN', postgres: 'EXPLAIN', sqlite: 'EXPLAIN QUERY PLAN' }

/** Reads what EXPLAIN said: https://mariadb.com/kb/en/explain/, https://www.postgresql.org/docs/current/using-explain.html, https://www.sqlite.org/eqp.html */
export function planFrom(engine: Engine['name'], rows: readonly SqlRow[]): Plan {
  if (engine === 'mysql') {
    return {
      scans: rows.some(({ type }) => type === 'ALL' || type === 'index'),
      sorts: rows.some(({ Extra }) => String(Extra).includes('filesort')),
    }
  }
  const lines = rows.map((row) => String(engine === 'postgres' ? row['QUERY PLAN'] : row.detail)).join('\n')
  return engine === 'postgres'
    ? { scans: lines.includes('Seq Scan on'), sorts: /^\s*(?:->\s+)?Sort /m.test(lines) }
    : { scans: /^SCAN /m.test(lines), sorts: lines.includes('USE TEMP B-TREE') }
}

/** Explains the statements of `run` and runs none of them: each finds no row. */
async function plansOf(table: CustomerTable, engine: Engine, run: (table: CustomerTable) => Promise<unknown>): Promise<Plan[]> {
  const words = explain[engine.name]
  if (words === undefined) return []
  const plans: Plan[] = []
  const explaining = (session: Session): Session => ({
    ...session,
    all: async (sql, values) => {
      plans.push(planFrom(engine.name, await session.all(`${words} ${sql}`, values)))
      return []
    },
    run: async () => 0,
  })
  const observed = new Proxy(engine, {
    get: (target, name) => {
      if (name === 'transaction') {
        return <T>(work: (session: Session) => Promise<T>) => target.transaction((session) => work(explaining(session)))
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await run(new CustomerTable(observed, table.map, () => table.now()))
  return plans
}

async function isBig({ engine, table }: { readonly engine: Engine; readonly table: CustomerTable }): Promise<boolean> {
  const { sql, values } = engine.dialect.count({ table: table.map.table, where: '1 = 1', values: [], limit: bigRows })
  const [row] = await engine.transaction((session) => session.all(sql, values))
  return Number(row?.n) >= bigRows
}

/**
 * What the database does for each poll and each claim, where that is much for a big table. Nothing is run, and nothing is locked.
 * @throws Problem `database-unavailable`
 */
export async function checkPlans(engine: Engine, table: CustomerTable): Promise<AgentCheck[]> {
  const { name, map } = table
  if (explain[engine.name] === undefined || !(await isBig({ engine, table }))) return []
  const { key, status, columns } = map
  const check = (detail: string, fix: string): AgentCheck => ({ name, state: 'warn', detail, fix })
  const index = `CREATE INDEX ${name}_due ON ${name} (${status.column}, ${columns.dueAt})`
  const checks: AgentCheck[] = []
  try {
    const [poll] = await plansOf(table, engine, (observed) => observed.dueKeys(claimRows, 0))
    if (poll?.scans === true) {
      const detail = `each poll reads all rows of ${name}: no index is used for ${status.column} and ${columns.dueAt}`
      checks.push(check(detail, `${index}; write the values of status in the map as the type of the column (1 or '1')`))
    } else if (poll?.sorts === true && (await table.counts(bigRows)).due >= bigRows) {
      checks.push(
        check(
          `each poll sorts all rows of ${name} that are due, because no index has them in the order of ${columns.dueAt}`,
          index,
        ),
      )
    }
    const keys = await table.dueKeys(claimRows, 0)
    const [claim] = keys.length === 0 ? [] : await plansOf(table, engine, (observed) => observed.claim(keys, 'doctor'))
    if (claim?.scans === true) {
      const detail = `each claim reads all rows of ${name} and may lock them, so that other programs wait: no index is used for ${key}`
      checks.push(check(detail, `CREATE UNIQUE INDEX ${name}_key ON ${name} (${key})`))
    }
  } catch (error) {
    // A user who may not EXPLAIN, or a map that does not fit: other checks say more.
    if (!(error instanceof Refusal)) throw error
  }
  return checks
}
