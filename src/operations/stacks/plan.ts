import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { type DeploySettings, type StackKey, stackKeys, stackName } from '../../domain/stage.ts'
import { codeParameters, stackParameters } from './parameters.ts'
import { zip } from './zip.ts'

/** A function's code: the parameter that takes its S3 key, and the archive. */
export interface Code {
  readonly parameter: string
  readonly archive: Uint8Array
}

/** The template and parameters of one stack, without account-specific values. */
export interface StackPlan {
  readonly key: StackKey
  /** The CloudFormation stack name. */
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
 * The named stacks in deployment order, or all if none is named.
 * @throws Problem `stack-unknown`
 */
export function chosenStacks(named: readonly string[]): readonly StackKey[] {
  const unknown = named.find((name) => !stackKeys.some((key) => key === name))
  if (unknown !== undefined) {
    throw new Problem('stack-unknown', `Unknown stack "${unknown}".`, { next: `use one or more of: ${stackKeys.join(', ')}` })
  }
  return named.length === 0 ? stackKeys : stackKeys.filter((key) => named.includes(key))
}

/** The templates have the same limits; checking here fails before anything is uploaded. */
function checkStage(name: string): void {
  if (name.length <= 20 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return
  throw new Problem(
    'config-invalid',
    `The stage "${name}" cannot be deployed: its name is too long or has invalid characters for AWS resource names.`,
    {
      next: 'rename it in apigw.yaml: at most 20 characters of a-z, 0-9 and "-"',
    },
  )
}

async function read(path: string, next: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new Problem('input-missing', `${path} does not exist.`, { next, cause })
  }
}

/** The bundle of a code parameter: `GatewayCodeKey` takes the S3 key of the zipped `gateway.mjs`. */
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
 * Builds the templates and parameters of a stage's stacks. Needs no AWS account.
 * @param root the installation folder of apigw, with its templates and bundles
 * @throws Problem `stack-unknown`, `config-invalid`, `input-missing`
 */
export async function planStage(stage: Stage, named: readonly string[], root: string): Promise<readonly StackPlan[]> {
  checkStage(stage.name)
  const keys = chosenStacks(named)
  return Promise.all(
    keys.map(async (key) => {
      const path = join(root, 'templates', 'stacks', `${key}.yaml`)
      const template = (await read(path, 'reinstall apigw')).toString('utf8')
      const parameters = stackParameters(key, stage.name, template, stage.settings)
      const code = codeParameters(key, template, stage.settings).map((parameter) => codeOf(parameter, root))
      return { key, name: stackName(stage.name, key), template, parameters, code: await Promise.all(code) }
    }),
  )
}
