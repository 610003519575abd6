import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { type DeploySettings, type StackKey, stackKeys, stackName } from '../../domain/stage.ts'
import { codeParameters, stackParameters } from './parameters.ts'
import { zip } from './zip.ts'

/** A function's code: the parameter that takes its key, and the archive. */
export interface Code {
  readonly parameter: string
  readonly archive: Uint8Array
}

/** One stack of a stage, ready but for what only an account knows. */
export interface StackPlan {
  readonly key: StackKey
  /** As AWS knows it. */
  readonly name: string
  readonly template: string
  readonly parameters: Readonly<Record<string, string>>
  readonly code: readonly Code[]
}

/** A stage of apigw.yaml. */
export interface Stage {
  readonly name: string
  readonly region: string | undefined
  readonly settings: DeploySettings
}

/**
 * The stacks that are meant, in order; none named: all.
 * @throws Problem `stack-unknown`
 */
export function chosenStacks(named: readonly string[]): readonly StackKey[] {
  const unknown = named.find((name) => !stackKeys.some((key) => key === name))
  if (unknown !== undefined) {
    throw new Problem('stack-unknown', `There is no stack "${unknown}".`, { next: `use some of: ${stackKeys.join(', ')}` })
  }
  return named.length === 0 ? stackKeys : stackKeys.filter((key) => named.includes(key))
}

/** The template sets the same limits; here they are known before anything is uploaded. */
function checkStage(name: string): void {
  if (name.length <= 20 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return
  throw new Problem('config-invalid', `A stage called "${name}" cannot be deployed: names of AWS would grow too long.`, {
    next: 'call it in at most 20 of a-z, 0-9 and "-" in apigw.yaml',
  })
}

async function read(path: string, next: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new Problem('input-missing', `${path} is not there.`, { next, cause })
  }
}

/** `GatewayCodeKey` is the key of `gateway.mjs`, zipped. */
function bundleName(parameter: string): string {
  const words = parameter.replace(/CodeKey$/, '').replaceAll(/(?!^)([A-Z])/g, '-$1')
  return `${words.toLowerCase()}.mjs`
}

async function codeOf(parameter: string, root: string): Promise<Code> {
  const name = bundleName(parameter)
  const bytes = await read(join(root, 'dist', 'lambda', name), 'npm run build')
  return { parameter, archive: zip({ [name]: bytes }) }
}

/**
 * Works out what the stacks of a stage are to be, without an account.
 * @param root where apigw is installed: its templates and bundles are below it
 * @throws Problem `stack-unknown`, `config-invalid`, `input-missing`
 */
export async function planStage(stage: Stage, named: readonly string[], root: string): Promise<readonly StackPlan[]> {
  checkStage(stage.name)
  const keys = chosenStacks(named)
  return Promise.all(
    keys.map(async (key) => {
      const path = join(root, 'templates', 'stacks', `${key}.yaml`)
      const template = (await read(path, 'install apigw again')).toString('utf8')
      const parameters = stackParameters(key, stage.name, template, stage.settings)
      const code = codeParameters(key, template, stage.settings).map((parameter) => codeOf(parameter, root))
      return { key, name: stackName(stage.name, key), template, parameters, code: await Promise.all(code) }
    }),
  )
}
