import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCredentials } from '../client/index.ts'
import { Problem } from '../domain/problem.ts'
import { ask, readStdin } from './prompts.ts'
import { dataFolder } from './settings.ts'

/** Written by `apigw dev` for its demo customer, readable by its owner only. */
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
  /** The value of --credentials; only `-` is taken. */
  readonly flag: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly gateway: string
  readonly interactive: boolean
}

/**
 * Finds `ID:PW:API_KEY`: stdin when asked to, then the environment, then the demo customer of this machine, then a
 * hidden prompt.
 * @throws Problem `secret-in-argument`, `input-missing`, `input-invalid`
 */
export async function findCredentials({ flag, env, cwd, gateway, interactive }: Sources): Promise<string> {
  if (flag !== undefined && flag !== '-') {
    throw new Problem('secret-in-argument', 'Credentials in an argument can be read by every user of this machine.', {
      next: `set ${variable}, or pipe them in and give --credentials -`,
    })
  }
  const demo = isLoopback(gateway) ? demoCredentials(cwd) : undefined
  let found = flag === '-' ? (await readStdin()).trim() : (env[variable] ?? demo)
  if (found === undefined && interactive) found = await ask({ message: 'Credentials (ID:PW:API_KEY)', hidden: true })
  if (found === undefined) {
    throw new Problem('input-missing', 'There are no credentials to send with.', { next: `set ${variable} to ID:PW:API_KEY` })
  }
  parseCredentials(found)
  return found
}
