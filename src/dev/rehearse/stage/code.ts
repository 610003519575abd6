import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, type Json } from '../../../operations/cloudformation/index.ts'
import type { Place, Resource } from '../template/resource.ts'
import { mapsIn } from '../template/values.ts'

/** What a function or a container runs, and with what. */
export interface Code {
  readonly bundle: string
  readonly handler: string | undefined
  readonly megabytes: number
  readonly timeoutMs: number
  /** As AWS gives it, without credentials. */
  readonly env: Readonly<Record<string, string>>
  readonly role: string
}

function texts(value: Json | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(isMap(value) ? value : {}).map(([name, of]) => [name, String(of)]))
}

/** Where the code is. */
export interface CodeFolders {
  /** The folder of the installation. */
  readonly root: string
  /** The folders of bundles that have files beside them, by the name of the bundle. */
  readonly packed: ReadonlyMap<string, string>
}

/** The file that Lambda and the image have the certificates of RDS in, and that of the rehearsal. */
const rdsCertificates = ['/var/runtime/ca-cert.pem', '/app/rds-ca.pem']

/** A variable that names the certificates of RDS names those of the rehearsal; without it they are not trusted, as on AWS. */
export function withCertificates(
  env: Readonly<Record<string, string>>,
  files: { readonly amazon: string; readonly both: string },
): Record<string, string> {
  const { NODE_EXTRA_CA_CERTS: named = '' } = env
  return { ...env, NODE_EXTRA_CA_CERTS: rdsCertificates.includes(named) ? files.both : files.amazon }
}

/**
 * The code of a function. With files beside its bundle it is in a folder of its own.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function functionCode(resource: Resource, { root, packed }: CodeFolders, { region }: Place): Code {
  const { properties, physicalId } = resource
  const [file = '', handler = ''] = String(properties.Handler).split('.')
  const megabytes = Number(properties.MemorySize ?? 128)
  const environment = isMap(properties.Environment) ? properties.Environment : {}
  return {
    bundle: join(packed.get(file) ?? join(root, 'dist', 'lambda'), `${file}.mjs`),
    handler,
    megabytes,
    timeoutMs: Number(properties.Timeout ?? 3) * 1000,
    role: String(properties.Role),
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_LAMBDA_FUNCTION_NAME: physicalId,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(megabytes),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      LAMBDA_TASK_ROOT: '/var/task',
      LAMBDA_RUNTIME_DIR: '/var/runtime',
      _HANDLER: String(properties.Handler),
      ...texts(environment.Variables),
    },
  }
}

/** The variables that the image sets. */
function imageVariables(root: string): Record<string, string> {
  const dockerfile = readFileSync(join(root, 'templates', 'Dockerfile'), 'utf8')
  return Object.fromEntries([...dockerfile.matchAll(/^ENV (\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]))
}

/** A secret that ECS puts into a variable of a container. */
export interface InjectedSecret {
  readonly name: string
  readonly valueFrom: string
}

/** The one container of a task definition. */
export function taskCode(
  task: Resource,
  root: string,
): Code & { readonly secrets: readonly InjectedSecret[]; readonly port: number | undefined } {
  const [container = {}] = mapsIn(task.properties.ContainerDefinitions)
  const command = Array.isArray(container.Command) ? container.Command.map(String) : []
  const [mapping] = mapsIn(container.PortMappings)
  const own = mapsIn(container.Environment).map(({ Name, Value }) => [String(Name), String(Value)])
  return {
    bundle: join(root, 'dist', 'container', command.at(-1) ?? ''),
    handler: undefined,
    megabytes: Number(task.properties.Memory),
    timeoutMs: Number.POSITIVE_INFINITY,
    role: String(task.properties.TaskRoleArn),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...imageVariables(root), ...Object.fromEntries(own) },
    secrets: mapsIn(container.Secrets).map(({ Name, ValueFrom }) => ({ name: String(Name), valueFrom: String(ValueFrom) })),
    port: mapping === undefined ? undefined : Number(mapping.ContainerPort),
  }
}
