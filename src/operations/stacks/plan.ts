import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type DeploySettings, type StackKey, stackKeys, stackName } from '../../domain/stage.ts'
import { type ImageSource, imageSource, ownImage } from './image/source.ts'
import { type Input, stackInputs } from './inputs.ts'
import { codeParameters, stackParameters } from './parameters.ts'
import { checkShape, hasStack } from './shape.ts'
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
  /** The parameters that earlier stacks of the stage give. */
  readonly inputs: readonly Input[]
  readonly code: readonly Code[]
  /** What its parameter `Image` stands for, if no setting names an image. */
  readonly image?: ImageSource
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

/**
 * The templates have the same limits; checking here fails before anything is uploaded. A stage name has no hyphen, so that the
 * hyphen after it ends it: `apigw-prod-*` in a policy would otherwise also match what belongs to a stage `prod-eu`.
 */
function checkStage(name: string): void {
  if (name.length <= 20 && /^[a-z][a-z0-9]*$/.test(name)) return
  throw new Problem(
    'config-invalid',
    `The stage "${name}" cannot be deployed: its name is part of AWS resource names, and policies of a stage match what follows "apigw-${name}-".`,
    { next: 'rename it in apigw.yaml: at most 20 characters of a-z and 0-9, starting with a letter' },
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
  // A gateway reads the documents of the API from a file beside its bundle (scripts/bundle.ts).
  const names = name.startsWith('gateway') ? [name, 'docs.br'] : [name]
  const files = names.map(async (one) => [one, await read(join(root, 'dist', 'lambda', one), 'npm run build')] as const)
  return { parameter, archive: zip(Object.fromEntries(await Promise.all(files))) }
}

/** A size without a stack leaves it out. @throws Problem `stack-unknown` if it was named */
function refuseMissing(key: StackKey, named: readonly string[]): false {
  if (!named.includes(key)) return false
  throw new Problem('stack-unknown', `A stage of size solo has no stack ${key}: the command line reads its registry itself.`, {
    next: apigw('deploy'),
  })
}

/** The templates of all stacks: a stack that is deployed alone takes outputs of the others. */
async function readTemplates(root: string): Promise<Readonly<Record<StackKey, string>>> {
  const template = async (key: StackKey) =>
    (await read(join(root, 'templates', 'stacks', `${key}.yaml`), 'reinstall apigw')).toString('utf8')
  const [security, network, data, edge, gateway, worker, admin] = await Promise.all([
    template('security'),
    template('network'),
    template('data'),
    template('edge'),
    template('gateway'),
    template('worker'),
    template('admin'),
  ])
  return { security, network, data, edge, gateway, worker, admin }
}

/** The stacks of a stage as their templates and parameters say, without their code. */
export type StackOutline = Pick<StackPlan, 'key' | 'name' | 'template' | 'parameters' | 'inputs'>

/**
 * What the stacks of a stage are, without their code and image: enough for what they cost. Needs no build and no AWS account.
 * @param root the installation folder of apigw, with its templates
 * @throws Problem `stack-unknown`, `config-invalid`, `input-missing`
 */
export async function outlineStage(stage: Stage, named: readonly string[], root: string): Promise<readonly StackOutline[]> {
  checkStage(stage.name)
  checkShape(stage.settings)
  const keys = chosenStacks(named).filter((key) => hasStack(key, stage.settings) || refuseMissing(key, named))
  const templates = await readTemplates(root)
  return keys.map((key): StackOutline => {
    const template = templates[key]
    const own = stage.settings.parameters?.[key] ?? {}
    const inputs = stackInputs(key, templates, own)
    const later = inputs.map(({ parameter }) => parameter)
    const parameters = stackParameters(key, stage.name, template, stage.settings, later)
    return { key, name: stackName(stage.name, key), template, parameters, inputs }
  })
}

/**
 * Builds the templates and parameters of a stage's stacks. Needs no AWS account.
 * @param root the installation folder of apigw, with its templates and bundles
 * @throws Problem `stack-unknown`, `config-invalid`, `input-missing`
 */
export async function planStage(stage: Stage, named: readonly string[], root: string): Promise<readonly StackPlan[]> {
  const outlines = await outlineStage(stage, named, root)
  const plans = await Promise.all(
    outlines.map(async (outline): Promise<StackPlan> => {
      const code = codeParameters(outline.key, outline.template, stage.settings)
      return { ...outline, code: await Promise.all(code.map((parameter) => codeOf(parameter, root))) }
    }),
  )
  if (!plans.some(needsImage)) return plans
  const image = await imageSource(root)
  return plans.map((plan) => (needsImage(plan) ? { ...plan, image } : plan))
}

const needsImage = ({ parameters }: StackPlan): boolean => parameters.Image === ownImage
