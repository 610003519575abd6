import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import * as z from 'zod'
import { duration } from '../../domain/duration.ts'
import { environments } from '../../domain/names.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type MasterKeys, masterKeysFrom, seal, unseal } from '../../domain/seal.ts'
import { columnValue, identifier } from '../../domain/sql-names.ts'
import { type TableMap, tableMap } from '../../domain/table-map.ts'
import { readYaml } from '../../domain/yaml-document.ts'
import { isPostgres } from '../sql/index.ts'

/** A secret in the file is sealed under the key file, so that the file may be copied and shown. */
const sealed = z
  .string()
  .regex(/^v1\.[\w-]+\.[\w-]+\.[\w-]+$/, 'is not sealed: run apigw agent encrypt, and put in what it prints')
const maxName = 12

/** Descriptions are shown by editors, through the JSON Schema that is made of this. */
const tableSettings = z.strictObject({
  map: z.string().min(1).describe('A shipped table map, such as em-tran, or the path of your own'),
  table: identifier.optional().describe('Name of the table. Default: the name in the map'),
  timeZone: z.string().min(1).optional().describe('Time zone of the times in the table. Default: the zone in the map'),
  maxAge: duration.optional().describe('Rows that have been due for longer are not sent: 90s, 15m, 24h or 3d'),
  moveAfter: duration
    .optional()
    .describe('Rows that have been finished for this long are moved into the log table: 1h, 24h or 3d. Default: as the map says'),
  where: z
    .record(identifier, z.union([columnValue, z.array(columnValue).min(1)]))
    .optional()
    .describe('Only rows with these values are sent: a column and its value, or a list of values'),
})

export const agentSettings = z.strictObject({
  version: z.literal(1).describe('Version of this file'),
  name: z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{1,${maxName}}$`), `has to be 1 to ${maxName} letters, digits, "-" or "_"`)
    .describe('Names this agent in rows that it claims. Use a different name on each machine'),
  gateway: z.url({ protocol: /^https?$/ }).describe('Address of the gateway, such as https://api.example.com'),
  environment: z.enum(environments).default('live').describe('live sends and costs money, test does neither'),
  scheme: z.enum(['basic', 'hmac']).default('hmac').describe('How the key signs in, as it was issued'),
  credentials: sealed.optional().describe('What apigw agent encrypt prints for the credentials'),
  database: z
    .string()
    .min(1)
    .describe('mysql://, postgres://, sqlserver:// or oracle://USER@HOST/DATABASE, or sqlite:PATH, without a password'),
  databasePassword: sealed.optional().describe('What apigw agent encrypt prints for the password of the database'),
  notify: identifier.optional().describe('PostgreSQL only: the channel that a trigger of the table notifies of new rows'),
  keyFile: z.string().min(1).default('agent.key').describe('File with the key that decrypts the encrypted values'),
  journal: z.string().min(1).default('agent-journal.db').describe('Journal of the agent, on a local disk'),
  proxy: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Proxy to the gateway. Default: HTTPS_PROXY'),
  ca: z.string().min(1).optional().describe('Certificates in PEM that are trusted beside those of Node'),
  log: z
    .strictObject({
      file: z.string().min(1).describe('Log file'),
      megabytes: z.int().min(1).max(1000).default(10).describe('Size at which a new file is started'),
      keep: z.int().min(1).max(100).default(5).describe('Number of older files that are kept'),
    })
    .optional()
    .describe('A log file, beside the standard output'),
  status: z
    .string()
    .regex(/^(?:127\.0\.0\.1|localhost|\[::1\]):[1-9]\d{0,4}$/, 'has to be an address of this machine, such as 127.0.0.1:8126')
    .optional()
    .describe('Address of a status page on this machine, such as 127.0.0.1:8126. Default: no page'),
  media: z
    .strictObject({
      root: z.string().min(1).describe('Folder of the images that rows name'),
      writtenAs: z.string().min(1).optional().describe('How rows begin the paths of this folder'),
    })
    .optional()
    .describe('Images of MMS rows'),
  tables: z.array(tableSettings).min(1).describe('Tables whose rows are sent'),
})

export type AgentSettings = z.output<typeof agentSettings>

export interface LoadedSettings {
  readonly settings: AgentSettings
  readonly path: string
  readonly maps: readonly { readonly map: TableMap; readonly maxAgeMs?: number }[]
  /** A path in the file, from its folder. */
  resolve(path: string): string
}

function documentFrom<T>(path: string, schema: z.ZodType<T>, missing: NextStep): T {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Problem('config-invalid', `Cannot read ${path}.`, { next: missing, cause })
  }
  return readYaml(text, schema, { name: path, code: 'config-invalid', next: 'see docs/agent.md' })
}

/**
 * A map by its name, or by its path from `folder`.
 * @param mapsFolder where the shipped maps are
 * @throws Problem `config-invalid`
 */
export function mapFrom(name: string, folder: string, mapsFolder: string): TableMap {
  const isShipped = /^[a-z0-9-]+$/.test(name)
  const path = isShipped ? join(mapsFolder, `${name}.yaml`) : resolve(folder, name)
  return documentFrom(path, tableMap, step`the maps are in ${mapsFolder}`)
}

/**
 * Reads agent.yaml and its maps.
 * @throws Problem `config-invalid`
 */
export function loadAgentSettings(path: string, mapsFolder: string): LoadedSettings {
  const full = resolve(path)
  const folder = resolve(full, '..')
  const settings = documentFrom(full, agentSettings, step`write it: ${apigw('agent init')}`)
  if (/:\/\/[^/]*:[^/]*@/.test(settings.database)) {
    throw new Problem('secret-in-argument', `database in ${full} contains a password.`, {
      next: step`remove it, and set databasePassword to what ${apigw('agent encrypt')} prints`,
    })
  }
  if (settings.notify !== undefined && !isPostgres(settings.database)) {
    throw new Problem('config-invalid', `${full}, notify: only PostgreSQL has notifications.`, {
      next: 'remove notify: the agent polls the table every second',
    })
  }
  const maps = settings.tables.map(({ map: name, table, timeZone, where, maxAge, moveAfter }) => {
    const map = mapFrom(name, folder, mapsFolder)
    if (moveAfter !== undefined && map.log === undefined) {
      throw new Problem(
        'config-invalid',
        `${full}, tables: moveAfter is set for ${map.table}, and the map ${name} has no "log".`,
        {
          next:
            map.recipients === undefined
              ? 'name the table for finished rows as log in a map of your own, or remove moveAfter'
              : 'remove moveAfter: rows with many recipients stay in their table',
        },
      )
    }
    return {
      map: {
        ...map,
        ...(table !== undefined && { table }),
        ...(timeZone !== undefined && { timeZone }),
        ...(where !== undefined && { where }),
        ...(moveAfter !== undefined && { moveAfter }),
      },
      ...(maxAge !== undefined && { maxAgeMs: maxAge }),
    }
  })
  const names = maps.map(({ map }) => map.table)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined && maps.filter(({ map }) => map.table === twice).some(({ map }) => map.where === undefined)) {
    throw new Problem('config-invalid', `${full}, tables: the table "${twice}" is named more than once.`)
  }
  return { settings, path: full, maps, resolve: (name) => (isAbsolute(name) ? name : join(folder, name)) }
}

/** What a sealed value of agent.yaml is bound to. */
const owner = 'agent.yaml'

/** @throws Problem `config-invalid`, `master-key-invalid` */
export function readAgentKey(path: string): MasterKeys {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Problem('config-invalid', `Cannot read the key file ${path}.`, {
      next: step`copy it here with agent.yaml, or start over: ${apigw('agent init')}`,
      cause,
    })
  }
  return masterKeysFrom(text)
}

/** A secret for agent.yaml. */
export function sealForAgent(secret: string, keys: MasterKeys): string {
  return seal(secret, owner, keys)
}

/** The secrets of the agent: from the environment where it has them, else from the file. */
export function secretsOf(
  { credentials, databasePassword }: AgentSettings,
  keys: MasterKeys,
  env: NodeJS.ProcessEnv,
): { readonly credentials: string; readonly databasePassword?: string } {
  const open = (given: string | undefined, stored: string | undefined) =>
    given !== undefined && given !== '' ? given : stored === undefined ? undefined : unseal(stored, owner, keys)
  const found = open(env.APIGW_CREDENTIALS, credentials)
  const password = open(env.APIGW_DATABASE_PASSWORD, databasePassword)
  if (found === undefined) {
    throw new Problem('input-missing', 'agent.yaml has no credentials.', {
      next: step`add what ${apigw('agent encrypt')} prints as credentials, or set APIGW_CREDENTIALS`,
    })
  }
  return { credentials: found, ...(password !== undefined && { databasePassword: password }) }
}
