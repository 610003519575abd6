import { existsSync, readFileSync } from 'node:fs'
import { fetchWith, GatewayClient, parseCredentials } from '../../client/index.ts'
import { Problem } from '../../domain/problem.ts'
import { type Engine, listen, openEngine } from '../sql/index.ts'
import type { AgentTable, Listen } from './agent.ts'
import { Journal } from './journal.ts'
import { type LoadedSettings, readAgentKey, secretsOf } from './settings.ts'
import { CustomerTable } from './table.ts'

/** The parts of an agent, opened. */
export interface OpenAgent {
  readonly engine: Engine
  readonly tables: readonly AgentTable[]
  readonly gateway: GatewayClient
  /** Absent: `notify` is not set. */
  readonly listen?: Listen | undefined
  /** Opened with the first use: `preview` and `doctor` need none. */
  journal(): Journal
  close(): Promise<void>
}

function certificates(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Problem('config-invalid', `Cannot read the certificates ${path} (ca in agent.yaml).`, { cause })
  }
}

/**
 * A relative SQLite path is one from the folder of agent.yaml.
 * @throws Problem `config-invalid`: the file does not exist, and opening it would make it
 */
function databaseAddress({ settings, path, resolve }: LoadedSettings): string {
  const { database } = settings
  if (!database.startsWith('sqlite:')) return database
  const file = resolve(database.slice('sqlite:'.length))
  if (existsSync(file)) return `sqlite:${file}`
  throw new Problem('config-invalid', `${path}, database: there is no file ${file}.`)
}

/**
 * Opens what agent.yaml names. No connection is made before it is used.
 * @param version of this program
 * @throws Problem `config-invalid`, `input-missing`, `master-key-missing`
 */
export async function openAgent(
  loaded: LoadedSettings,
  version: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<OpenAgent> {
  const { settings, maps, resolve } = loaded
  const keys = readAgentKey(resolve(settings.keyFile))
  const { credentials, databasePassword } = secretsOf(settings, keys, env)
  const ca = certificates(settings.ca === undefined ? undefined : resolve(settings.ca))
  const gateway = new GatewayClient({
    gateway: settings.gateway,
    credentials: parseCredentials(credentials),
    scheme: settings.scheme,
    environment: settings.environment,
    userAgent: `apigw-agent/${version}`,
    fetch: await fetchWith({ proxy: settings.proxy, ca }, env),
  })
  const url = databaseAddress(loaded)
  const engine = await openEngine(url, { password: databasePassword, connections: 4 })
  const { notify: channel } = settings
  let journal: Journal | undefined
  return {
    engine,
    tables: maps.map(({ map, ...rest }) => ({ table: new CustomerTable(engine, map), ...rest })),
    gateway,
    ...(channel !== undefined && {
      listen: (onNotification, onReady, signal) =>
        listen({ url, password: databasePassword, channel, onNotification }, onReady, signal),
    }),
    journal: () => {
      journal ??= new Journal(resolve(settings.journal), keys)
      return journal
    },
    close: async () => {
      journal?.close()
      await engine.close()
    },
  }
}
