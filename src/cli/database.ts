import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Flags } from '@oclif/core'
import { type Carrier, carriersFrom, defaultCarriers } from '../domain/carrier.ts'
import { Problem } from '../domain/problem.ts'
import type { DatabasePlace } from '../operations/schema/index.ts'
import { mapFrom } from '../runtime/agent/index.ts'
import { dataFolder } from './settings.ts'

const carriersFile = 'carriers.yaml'
const mapsFolder = fileURLToPath(new URL('../../templates/agent/maps', import.meta.url))

export const databaseFlags = {
  database: Flags.string({
    env: 'APIGW_DATABASE',
    helpValue: 'ADDRESS',
    summary: 'sqlite:PATH, mysql://, mariadb:// or postgres://USER@HOST/DATABASE; set the password in APIGW_DATABASE_PASSWORD',
  }),
  carriers: Flags.string({
    env: 'APIGW_CARRIERS',
    helpValue: 'FILE',
    summary: `carriers and their tables (default: ./${carriersFile}, if it exists)`,
  }),
} as const

/** The database to use: the flag, or that of `apigw dev`. @throws Problem `secret-in-argument`, `input-missing` */
export function databasePlace(flag: string | undefined, argv: readonly string[]): DatabasePlace {
  const place = reachableDatabase(flag, argv)
  if (place !== undefined) return place
  throw new Problem('input-missing', 'No database was given.', { next: 'add --database ADDRESS, or set APIGW_DATABASE' })
}

/** The same for a command that does without: the database of a stage is inside its network. @throws Problem `secret-in-argument` */
export function reachableDatabase(flag: string | undefined, argv: readonly string[]): DatabasePlace | undefined {
  if (argv.some((word) => /^(?:--database=)?[a-z]+:\/\/[^/]*:[^/]*@/.test(word))) {
    throw new Problem(
      'secret-in-argument',
      'The database address contains a password, and every user of this machine can read arguments.',
      {
        next: 'set APIGW_DATABASE, or remove the password from the address and set APIGW_DATABASE_PASSWORD',
      },
    )
  }
  const local = join(dataFolder, 'messages.db')
  const address = flag ?? (existsSync(local) ? `sqlite:${local}` : undefined)
  return address === undefined ? undefined : { address, password: process.env.APIGW_DATABASE_PASSWORD }
}

/** Reads the carriers from a file, or returns the default carriers. @throws Problem `carrier-invalid` */
export function carriersOf(flag: string | undefined): readonly Carrier[] {
  if (flag === undefined && !existsSync(carriersFile)) return defaultCarriers
  const path = flag ?? carriersFile
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw new Problem('carrier-invalid', `Cannot read ${path}: ${why.replace(/\.$/, '')}.`, { cause: error })
  }
  return carriersFrom(text, path, (name) => mapFrom(name, dirname(path), mapsFolder))
}
