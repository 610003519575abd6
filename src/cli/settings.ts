import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { TrailSettings } from '../domain/alerting.ts'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { recordOf } from '../domain/record.ts'
import type { DeploySettings } from '../domain/stage.ts'
import { type MasterKeySources, masterKeySources } from '../registry/index.ts'
import { type LoadedConfig, loadConfig, type Stage } from './config.ts'

/** The values of the base flags, from the command line or their variables. */
export interface BaseFlags {
  readonly registry?: string | undefined
  readonly config?: string | undefined
  readonly stage?: string | undefined
  readonly gateway?: string | undefined
}

/** The settings of a command. Precedence: flag, environment, apigw.yaml, default. */
export interface Settings {
  readonly registry: string
  /** The stage whose stacks know the registry's table; absent: the registry is named, or not in DynamoDB. */
  readonly registryOfStage: string | undefined
  readonly registryPassword: string | undefined
  readonly masterKey: MasterKeySources
  readonly gateway: string
  readonly sqsEndpoint: string | undefined
  readonly region: string | undefined
  readonly ledger: {
    readonly endpoint?: string | undefined
    readonly region?: string | undefined
    readonly table?: string | undefined
  }
  /** The operator's own origin code, for customers without one. */
  readonly originCode: string | undefined
  readonly trail: TrailSettings
  readonly stage: string | undefined
  /** The region in apigw.yaml, regardless of AWS_REGION. */
  readonly stageRegion: string | undefined
  readonly deploy: DeploySettings
  readonly configPath: string | undefined
}

/** The data folder of `apigw dev`, and the file in which it records its addresses. */
export const dataFolder = '.apigw'
export const devFile = 'dev.json'
const masterKeyFile = 'master.key'
const defaultGateway = 'http://127.0.0.1:8080'

function stageOf(loaded: LoadedConfig | undefined, wanted: string | undefined): { name: string | undefined; stage: Stage } {
  if (loaded === undefined) {
    if (wanted === undefined) return { name: undefined, stage: {} }
    throw new Problem('config-invalid', `There is no apigw.yaml in this folder, so there is no stage "${wanted}".`, {
      next: apigw('init'),
    })
  }
  const { stages, stage: fallback } = loaded.config
  const names = Object.keys(stages)
  const name = wanted ?? fallback ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined) {
    throw new Problem('config-invalid', `${loaded.path} has several stages and no default.`, {
      next: `add --stage ${names.join('|')}`,
    })
  }
  const stage = stages[name]
  if (stage !== undefined) return { name, stage }
  throw new Problem('config-invalid', `${loaded.path} has no stage "${name}".`, { next: `use one of: ${names.join(', ')}` })
}

/** Resolves a relative SQLite path: from the file's folder in apigw.yaml, from the working directory in a flag. */
export function absolute(address: string, folder: string): string {
  const path = address.slice('sqlite:'.length)
  return address.startsWith('sqlite:') && path !== '' && !isAbsolute(path) ? `sqlite:${join(folder, path)}` : address
}

/** Resolves the path of custom trail rules from the file's folder. */
function trailOf({ trail = {} }: Stage, folder: string): TrailSettings {
  return { ...trail, ...(trail.rules !== undefined && { rules: resolve(folder, trail.rules) }) }
}

/** The addresses of a running `apigw dev`. */
function devAddresses(cwd: string): { gateway?: string; sqs?: string; ledger?: string; originCode?: string } {
  const path = join(cwd, dataFolder, devFile)
  if (!existsSync(path)) return {}
  try {
    const value = recordOf(JSON.parse(readFileSync(path, 'utf8')))
    return {
      ...(typeof value.gateway === 'string' && { gateway: value.gateway }),
      ...(typeof value.sqs === 'string' && { sqs: value.sqs }),
      ...(typeof value.ledger === 'string' && { ledger: value.ledger }),
      ...(typeof value.originCode === 'string' && { originCode: value.originCode }),
    }
  } catch {
    return {}
  }
}

/** Precedence: environment, stage, the key that `apigw dev` created in this folder. */
function masterKeySourcesOf(env: NodeJS.ProcessEnv, stage: Stage, folder: string, cwd: string): MasterKeySources {
  const named = masterKeySources(env)
  if (named.text || named.file || named.secretId) return named
  if (stage.masterKeySecret !== undefined) return { secretId: stage.masterKeySecret, region: env.AWS_REGION ?? stage.region }
  if (stage.masterKeyFile !== undefined) return { file: resolve(folder, stage.masterKeyFile) }
  const local = join(cwd, dataFolder, masterKeyFile)
  const isLocal = (stage.registry ?? (isInTable(stage.deploy) ? '' : 'sqlite:')).startsWith('sqlite:')
  return existsSync(local) && isLocal ? { file: local } : {}
}

/** Whether a deployed stage has its registry in DynamoDB. */
function isInTable({ size, registry }: DeploySettings = {}): boolean {
  return (registry ?? (size === 'solo' ? 'dynamodb' : 'redis')) === 'dynamodb'
}

/** @throws Problem `config-invalid`, `secret-in-argument` */
export function resolveSettings(flags: BaseFlags, argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Settings {
  // A password is allowed in a variable, but not in an argument, which `ps` shows to all users.
  if (argv.some((word) => /^(?:--(?:registry|from|to)=)?rediss?:\/\/[^/]*:[^/]*@/.test(word))) {
    throw new Problem(
      'secret-in-argument',
      'The registry address contains a password, and every user of this machine can read arguments.',
      {
        next: 'put the address into the variable of the flag, or remove the password from it and set APIGW_REGISTRY_PASSWORD',
      },
    )
  }
  const loaded = loadConfig(flags.config, cwd)
  const { name, stage } = stageOf(loaded, flags.stage)
  const dev = devAddresses(cwd)
  const fromFile = stage.registry === undefined ? undefined : absolute(stage.registry, loaded?.folder ?? cwd)
  return {
    registry: absolute(flags.registry ?? fromFile ?? `sqlite:${join(dataFolder, 'registry.db')}`, resolve(cwd)),
    registryOfStage: flags.registry === undefined && fromFile === undefined && isInTable(stage.deploy) ? name : undefined,
    registryPassword: env.APIGW_REGISTRY_PASSWORD,
    masterKey: masterKeySourcesOf(env, stage, loaded?.folder ?? cwd, cwd),
    gateway: flags.gateway ?? stage.gateway ?? dev.gateway ?? defaultGateway,
    sqsEndpoint: env.APIGW_SQS_ENDPOINT ?? stage.sqsEndpoint ?? dev.sqs,
    region: env.AWS_REGION ?? stage.region,
    ledger: {
      endpoint: env.APIGW_LEDGER_ENDPOINT ?? stage.ledgerEndpoint ?? dev.ledger,
      region: env.AWS_REGION ?? stage.region,
      table: env.APIGW_LEDGER_TABLE ?? stage.ledgerTable,
    },
    originCode: (env.APIGW_ORIGIN_CODE || undefined) ?? stage.deploy?.originCode ?? dev.originCode,
    trail: trailOf(stage, loaded?.folder ?? cwd),
    stage: name,
    stageRegion: stage.region,
    deploy: stage.deploy ?? {},
    configPath: loaded?.path,
  }
}
