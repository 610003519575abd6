import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { trailFormat } from '../domain/alerting.ts'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { readYaml } from '../domain/yaml-document.ts'
import { deployConfig } from './deploy-config.ts'

export const configName = 'apigw.yaml'

const stage = z.strictObject({
  registry: z.string().min(1).optional(),
  gateway: z.url({ protocol: /^https?$/ }).optional(),
  masterKeyFile: z.string().min(1).optional(),
  masterKeySecret: z.string().min(1).optional(),
  sqsEndpoint: z.url({ protocol: /^https?$/ }).optional(),
  ledgerTable: z.string().min(1).optional(),
  ledgerEndpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'is not an AWS region such as ap-northeast-2')
    .optional(),
  /** The activity trail of the stage's account. */
  trail: trailFormat.optional(),
  deploy: deployConfig.optional(),
})

const config = z.strictObject({
  version: z.literal(1),
  /** The default stage. */
  stage: z.string().min(1).optional(),
  stages: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not a stage name: use a-z, 0-9 and "-"'), stage),
})

export type Stage = z.infer<typeof stage>
export type Config = z.infer<typeof config>

export interface LoadedConfig {
  readonly config: Config
  readonly path: string
  /** Relative paths in the file are resolved from here. */
  readonly folder: string
}

function refuseSecrets(stages: Config['stages'], path: string): void {
  for (const [name, { registry = '' }] of Object.entries(stages)) {
    if (!/:\/\/[^/]*:[^/]*@/.test(registry)) continue
    throw new Problem(
      'secret-in-argument',
      `stages.${name}.registry in ${path} contains a password, and the file may be committed.`,
      {
        next: 'remove it and set APIGW_REGISTRY_PASSWORD',
      },
    )
  }
}

/**
 * Reads apigw.yaml.
 * @param named the path of the file; undefined: apigw.yaml in the working directory, if it exists
 * @throws Problem `config-invalid`, which names file, line and field
 */
export function loadConfig(named: string | undefined, cwd: string): LoadedConfig | undefined {
  const path = resolve(cwd, named ?? configName)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (named === undefined && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new Problem('config-invalid', `Cannot read ${path}.`, { next: apigw('init'), cause })
  }
  const read = readYaml(text, config, { name: path, code: 'config-invalid', next: 'correct it, or see docs/reference.md' })
  refuseSecrets(read.stages, path)
  return { config: read, path, folder: dirname(path) }
}
