import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCredentials } from '../client/index.ts'
import { Problem } from '../domain/problem.ts'
import { ask, readStdin } from './prompts.ts'
import { dataFolder } from './settings.ts'

/** Written by `apigw dev` for its demo customer; readable only by its owner. */
export const demoFile = 'demo.env'
const variable = 'APIGW_CREDENTIALS'

function isLoopback(gateway: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(gateway).hostname)
}

function demoCredentials(cwd: string): string | undefined {
  const path = join(cwd, dataFolder, demoFile)
  if (!existsSync(path)) return undefined
  return /^APIGW_CREDENTIALS='([^']+)'$/m.exec(readFileSync(path, 'utf8'))?.[1]
}

interface Sources {
  /** The value of --credentials; only `-` is accepted. */
  readonly flag: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly gateway: string
  readonly interactive: boolean
}

/**
 * Finds `ID:PW:API_KEY`: from stdin if the flag is `-`, else from the environment, the demo customer of this machine or a
 * hidden prompt.
 * @throws Problem `secret-in-argument`, `input-missing`, `input-invalid`
 */
export async function findCredentials({ flag, env, cwd, gateway, interactive }: Sources): Promise<string> {
  if (flag !== undefined && flag !== '-') {
    throw new Problem('secret-in-argument', 'Every user of this machine can read arguments, and credentials are secret.', {
      next: `set ${variable}, or pipe them to stdin with --credentials -`,
    })
  }
  const demo = isLoopback(gateway) ? demoCredentials(cwd) : undefined
  let credentials = flag === '-' ? (await readStdin()).trim() : (env[variable] ?? demo)
  if (credentials === undefined && interactive) credentials = await ask({ message: 'Credentials (ID:PW:API_KEY)', hidden: true })
  if (credentials === undefined) {
    throw new Problem('input-missing', 'No credentials were given.', { next: `set ${variable} to ID:PW:API_KEY` })
  }
  parseCredentials(credentials)
  return credentials
}
