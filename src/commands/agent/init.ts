import { hostname } from 'node:os'
import { Flags } from '@oclif/core'
import { AgentCommand } from '../../cli/agent-command.ts'
import { shared } from '../../cli/base.ts'
import { findCredentials } from '../../cli/credentials.ts'
import { ask } from '../../cli/prompts.ts'
import { durationMs } from '../../domain/duration.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import {
  databaseClock,
  findScheme,
  type Recognized,
  recognizeTables,
  settingsFile,
  shippedMaps,
  writeStarter,
} from '../../operations/agent/index.ts'

const noMaxAge = 'none'

function checkMaxAge(text: string): void {
  if (text === noMaxAge || durationMs(text) !== undefined) return
  throw new Problem('input-invalid', `"${text}" is not a duration.`, { next: 'write 15m, 24h or 3d, or none' })
}

export default class AgentInit extends AgentCommand {
  static override summary = 'write agent.yaml for your database'
  static override description =
    `Connects to the database, recognizes known tables, and writes ${settingsFile} and its key file. Reads the credentials from APIGW_CREDENTIALS and the database password from APIGW_DATABASE_PASSWORD, or asks for them. Both are encrypted in ${settingsFile}.`
  static override examples = [
    '<%= config.bin %> agent init',
    '<%= config.bin %> agent init --gateway https://api.example.com --database mysql://agent@db.example.com/shop --max-age 24h',
  ]
  static override flags = {
    gateway: shared.gateway,
    env: shared.env({ summary: 'environment (default: that of the key)' }),
    database: Flags.string({
      env: 'APIGW_DATABASE',
      helpValue: 'ADDRESS',
      summary:
        'sqlite:PATH, or mysql://, mariadb://, postgres://, sqlserver:// or oracle://USER@HOST/DATABASE; set the password in APIGW_DATABASE_PASSWORD',
    }),
    map: Flags.string({ env: 'APIGW_MAP', helpValue: 'NAME', summary: 'table map (default: the maps that fit the database)' }),
    'max-age': Flags.string({
      env: 'APIGW_MAX_AGE',
      helpValue: 'DURATION',
      summary: 'do not send rows that have been due for longer, such as 24h; none: send each',
    }),
    name: Flags.string({ env: 'APIGW_NAME', summary: 'name of this agent (default: from the host name)' }),
    force: Flags.boolean({ env: 'APIGW_FORCE', summary: 'overwrite existing files' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(AgentInit)
    const { interactive } = this
    const gateway = flags.gateway?.href ?? (await this.#answer('Gateway URL', 'gateway'))
    const database = flags.database ?? (await this.#answer('Database (mysql://USER@HOST/DATABASE)', 'database'))
    if (/:\/\/[^/]*:[^/]*@/.test(database)) {
      throw new Problem(
        'secret-in-argument',
        'The database address contains a password, and every user of this machine can read arguments.',
        {
          next: 'remove it, and set APIGW_DATABASE_PASSWORD',
        },
      )
    }
    const password = await this.#password(database)
    const credentials = await findCredentials({ flag: undefined, env: process.env, cwd: process.cwd(), gateway, interactive })
    const environment = flags.env ?? (credentials.includes(':ak_test_') ? 'test' : 'live')
    const { scheme, refusal } = await findScheme(gateway, credentials, environment)
    if (refusal !== undefined) this.note(`The gateway does not accept the credentials: ${refusal}`)
    const { now, aheadMs } = await databaseClock(database, password)
    this.note(`Now: ${new Date().toISOString()} here, ${new Date(now).toISOString()} in the database.`)
    if (Math.abs(aheadMs) > 2_000) this.note('The clocks differ. Rows become due by the clock of the database.')
    const tables = await this.#tables(database, password, flags.map)
    const maxAge = await this.#maxAge(flags['max-age'])
    const written = writeStarter({
      folder: process.cwd(),
      schema: this.schemaFile,
      name:
        flags.name ??
        (hostname()
          .replaceAll(/[^A-Za-z0-9_-]/g, '')
          .slice(0, 12) ||
          'agent'),
      gateway: gateway.replace(/\/$/, ''),
      environment,
      scheme,
      credentials,
      database,
      databasePassword: password,
      tables: tables.map(({ map, table }) => ({ map, table, maxAge })),
      force: flags.force,
      dryRun: flags['dry-run'],
    })
    this.log(`${flags['dry-run'] ? 'Would write' : 'Wrote'} ${written.join(' and ')}.`)
    this.note(step`Next: ${apigw('agent doctor')}, then ${apigw('agent preview')} and ${apigw('agent run')}`)
    return { written, tables, dryRun: flags['dry-run'] }
  }

  async #answer(message: string, flag: string): Promise<string> {
    if (this.interactive) return ask({ message })
    throw new Problem('input-missing', `No ${flag} was given.`, { next: `add --${flag}` })
  }

  async #password(database: string): Promise<string | undefined> {
    const fromEnvironment = process.env.APIGW_DATABASE_PASSWORD
    if (fromEnvironment !== undefined || database.startsWith('sqlite:')) return fromEnvironment
    const typed = this.interactive ? await ask({ message: 'Database password (empty: none)', hidden: true }) : ''
    return typed === '' ? undefined : typed
  }

  async #tables(database: string, password: string | undefined, wanted: string | undefined): Promise<Recognized[]> {
    const maps = shippedMaps(this.mapsFolder)
    const names = maps.map(({ name }) => name).join(', ')
    if (wanted !== undefined) {
      const found = maps.find(({ name }) => name === wanted)
      if (found === undefined)
        throw new Problem('input-invalid', `There is no map "${wanted}".`, { next: `use one of: ${names}` })
      return [{ map: wanted, title: found.map.title ?? wanted, table: found.map.table }]
    }
    const found = await recognizeTables(database, password, this.mapsFolder)
    if (found.length === 0) {
      throw new Problem('input-invalid', 'No table of the database fits a shipped map.', {
        next: `name one with --map (${names}), or write a map of your own: docs/agent.md`,
      })
    }
    for (const { title, table, map } of found) this.note(`Found ${title}: table ${table}, map ${map}.`)
    return found
  }

  async #maxAge(flag: string | undefined): Promise<string | undefined> {
    const message = 'Do not send rows that have been due for longer than (15m for passwords, 24h for notices, none)'
    const given = flag ?? (this.interactive ? await ask({ message, fallback: '24h', check: checkMaxAge }) : noMaxAge)
    checkMaxAge(given)
    return given === noMaxAge ? undefined : given
  }
}
