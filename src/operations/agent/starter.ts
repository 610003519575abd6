import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { masterKeysFrom } from '../../domain/seal.ts'
import { notifyTrigger, sealForAgent } from '../../runtime/agent/index.ts'
import { isPostgres } from '../../runtime/sql/index.ts'

export const settingsFile = 'agent.yaml'
export const keyFile = 'agent.key'

export interface StarterRequest {
  readonly folder: string
  /** The JSON Schema of agent.yaml, for editors. */
  readonly schema: string
  readonly name: string
  readonly gateway: string
  readonly environment: 'live' | 'test'
  readonly scheme: 'basic' | 'hmac'
  readonly credentials: string
  readonly database: string
  readonly databasePassword?: string | undefined
  readonly tables: readonly { readonly map: string; readonly table: string; readonly maxAge?: string | undefined }[]
  readonly force?: boolean | undefined
  readonly dryRun?: boolean | undefined
}

const notifyChannel = 'apigw'

/** The setting for notifications, as a comment with the trigger that it needs: `init` changes nothing in the database. */
function notifyLines({ database, tables }: StarterRequest): string {
  if (!isPostgres(database)) return ''
  const names = [...new Set(tables.map(({ table }) => table))]
  const trigger = notifyTrigger(notifyChannel, names).replaceAll(/^/gm, '#   ')
  return `# notify: ${notifyChannel}              # new rows are sent at once, where this trigger notifies the channel:\n${trigger}\n`
}

function text(request: StarterRequest, credentials: string, password: string | undefined): string {
  const { name, gateway, environment, scheme, database, tables } = request
  const list = tables.map(({ map, table, maxAge }) =>
    [
      `  - map: ${map}`,
      `    table: ${table}`,
      maxAge === undefined
        ? '    # maxAge: 24h          # rows that have been due for longer are not sent'
        : `    maxAge: ${maxAge}           # rows that have been due for longer are not sent`,
    ].join('\n'),
  )
  return `# yaml-language-server: $schema=${pathToFileURL(request.schema).href}
# The agent: sends rows of your table, and writes the reports back. docs/agent.md explains each setting.
version: 1
name: ${name}                # names this agent in the rows that it claims; another on each machine

gateway: ${gateway}
environment: ${environment}
scheme: ${scheme}
credentials: ${credentials}

database: ${database}
${password === undefined ? '# databasePassword:        # what apigw agent encrypt prints, or set APIGW_DATABASE_PASSWORD' : `databasePassword: ${password}`}
${notifyLines(request)}
keyFile: ${keyFile}          # opens the sealed values above: keep it apart from copies of this file
journal: agent-journal.db    # on a local disk, not on a network share

tables:
${list.join('\n')}

# proxy: http://proxy.example.com:3128
# ca: company-ca.pem
# log: { file: agent.log, megabytes: 10, keep: 5 }
`
}

/**
 * Writes agent.yaml with sealed secrets, and its key.
 * @returns the files
 * @throws Problem `config-exists`
 */
export function writeStarter(request: StarterRequest): string[] {
  const { folder, credentials, databasePassword, force = false, dryRun = false } = request
  const paths = { settings: join(folder, settingsFile), key: join(folder, keyFile) }
  for (const path of Object.values(paths)) {
    if (force || !existsSync(path)) continue
    throw new Problem('config-exists', `${path} exists already.`, {
      next: step`edit it, or overwrite it: ${apigw('agent init', '--force')}`,
    })
  }
  const secret = randomBytes(32).toString('base64')
  const keys = masterKeysFrom(secret)
  const password = databasePassword === undefined ? undefined : sealForAgent(databasePassword, keys)
  const settings = text(request, sealForAgent(credentials, keys), password)
  if (!dryRun) {
    writeFileSync(paths.key, `${secret}\n`, { mode: 0o600 })
    writeFileSync(paths.settings, settings, { mode: 0o600 })
  }
  return [settingsFile, keyFile]
}
